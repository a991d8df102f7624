// What a browser says of the pages. Arguments: their folder, and after it a folder for screenshots, if they are wanted.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const run = require('./run.js');

const axe = fs.readFileSync(require.resolve('axe-core'), 'utf8');
const [folder, shots] = process.argv.slice(2);
const names = fs.readdirSync(folder).filter((name) => name.endsWith('.html')).map((name) => name.slice(0, -5));
let passed = 0;

async function open(browser, name, { width = 1280, height = 900, scheme = 'light', ...more } = {}) {
    const page = await browser.newPage();
    const seen = [];
    page.on('console', (message) => seen.push(`console: ${message.text()}`));
    page.on('dialog', (dialog) => { seen.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('pageerror', (error) => seen.push(`error: ${error.message}`));
    page.on('request', (request) => seen.push(`request: ${request.url()}`));
    page.on('framenavigated', (frame) => seen.push(`frame: ${frame.url()}`));
    page.on('popup', () => seen.push('popup'));
    await page.setViewport({ width, height });
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await page.emulateMediaFeatures([...features, ...(more.features || [])]);
    const url = `file://${folder}/${name}.html`;
    await page.goto(url, { waitUntil: 'load' });
    // The page itself is all that is asked for.
    const own = [`request: ${url}`, `frame: ${url}`];
    return { page, url, noise: () => seen.filter((line) => !own.includes(line)) };
}

const check = async (what, test) => {
    await test();
    passed += 1;
    console.log(`ok ${what}`);
};

/** Headlines that are shown, in the order of the screen. */
const shown = (page) => page.evaluate(() => [...document.querySelectorAll('main li:has(h3)')]
    .filter((story) => story.checkVisibility())
    .map((story) => ({ source: story.querySelector('b').textContent, title: story.querySelector('h3').textContent })));

async function quiet(browser) {
    for (const name of names) {
        const { page, noise } = await open(browser, name);
        // Every link, label and heading is walked over and hovered as a person would.
        for (const handle of (await page.$$('main a, label')).slice(0, 40)) await handle.hover().catch(() => {});
        for (let step = 0; step < 40; step += 1) await page.keyboard.press('Tab');
        assert.deepStrictEqual(noise(), [], name);
        const found = await page.evaluate(() => ({
            title: document.title,
            scripts: document.querySelectorAll('script, iframe, img, svg, link, object, embed, base, form, style ~ style').length,
            handlers: [...document.querySelectorAll('*')].filter((each) => [...each.attributes].some((own) => /^on/.test(own.name))).length,
            targets: [...document.querySelectorAll('a')].map((link) => link.protocol).filter((scheme) => !['https:', 'http:', 'file:'].includes(scheme)),
            inside: [...document.querySelectorAll('a')].filter((link) => link.protocol === 'file:' && !link.getAttribute('href').startsWith('#')).length,
            bare: [...document.querySelectorAll('a[href^=http]')].filter((link) => link.rel !== 'noopener noreferrer').length,
        }));
        assert.deepStrictEqual(found, { title: 'The Daily Aggregate', scripts: 0, handlers: 0, targets: [], inside: 0, bare: 0 }, name);
        await page.close();
    }
}

/** The policy is one that would stop what got through: it does stop what is put there on purpose. */
async function policy(browser) {
    const page = await browser.newPage();
    const asked = [];
    const server = http.createServer((request, answer) => { asked.push(request.url); answer.end(); });
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    const foreign = `http://127.0.0.1:${server.address().port}`;
    const text = fs.readFileSync(`${folder}/few.html`, 'utf8').replace('</header>', `</header>
        <script>document.title = 'gotcha'</script><img src="${foreign}/a.png" onerror="document.title='gotcha'">
        <style>body { background: rgb(255, 0, 0) !important }</style><p id=inline style="color: rgb(255, 0, 0)">x</p>
        <iframe src="${foreign}/frame"></iframe><link rel=stylesheet href="${foreign}/b.css"><script src="${foreign}/c.js"></script>`);
    const path = `${folder}/../broken-into.html`;
    fs.writeFileSync(path, text);
    await page.goto(`file://${path}`);
    assert.strictEqual(await page.title(), 'The Daily Aggregate');
    const red = await page.evaluate(() => [document.body, document.querySelector('#inline')]
        .map((each) => getComputedStyle(each)).some((style) => [style.color, style.backgroundColor].includes('rgb(255, 0, 0)')));
    assert.strictEqual(red, false, 'a foreign style holds');
    assert.strictEqual(await page.evaluate(() => getComputedStyle(document.querySelector('ol')).display), 'grid', 'the own style does not hold');
    assert.deepStrictEqual(asked, []);
    // Without the policy the same page does ask.
    fs.writeFileSync(path, text.replace(/<meta http-equiv=Content-Security-Policy[^>]*>/, ''));
    await page.goto(`file://${path}`);
    assert.ok(asked.length >= 3, 'the test asks for nothing');
    server.close();
    await page.close();
}

async function accessible(browser) {
    const looks = [{ scheme: 'light' }, { scheme: 'dark' }, { scheme: 'light', width: 390 }];
    for (const name of ['news', 'few', 'many', 'tongues', 'empty', 'failed', 'nothing']) {
        for (const look of looks) {
            const { page } = await open(browser, name, look);
            // By the inspector, which no policy of the page holds back.
            await page.evaluate(axe);
            const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
            const result = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), rules);
            const told = result.violations.map((each) => `${each.id}: ${each.help}: ${each.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(' | ')}`);
            assert.deepStrictEqual(told, [], `${name} ${JSON.stringify(look)}`);
            assert.ok(result.passes.length > 20, 'axe looked at little');
            await page.close();
        }
    }
}

async function keyboard(browser) {
    const { page } = await open(browser, 'news');
    const focused = () => page.evaluate(() => {
        const own = document.activeElement;
        const box = own.getBoundingClientRect();
        return { name: own.tagName, id: own.id, text: own.textContent, source: own.closest('li')?.querySelector('b')?.textContent, top: box.top + scrollY, left: box.left };
    });
    await page.keyboard.press('Tab');
    assert.strictEqual((await focused()).text, 'Skip to the headlines');
    assert.ok((await focused()).top >= 0, 'the skip link is not seen');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    assert.strictEqual((await focused()).source, (await shown(page))[0].source);

    // Tab reaches each group of choices, arrows choose within it.
    const all = await shown(page);
    await page.focus('#all');
    await page.keyboard.press('ArrowRight');
    const own = await shown(page);
    assert.ok(own.length > 0 && own.length < all.length);
    assert.deepStrictEqual(own, all.filter((story) => story.source === 'hn'));
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement.closest('label')).outlineStyle);
    assert.strictEqual(ring, 'solid', 'the focus is not seen');
    await page.keyboard.press('ArrowLeft');
    assert.strictEqual((await shown(page)).length, all.length);

    // By source: grouped on the screen, and the keyboard follows the screen.
    await page.keyboard.press('Tab');
    await page.keyboard.press('ArrowRight');
    assert.strictEqual((await focused()).id, 'by');
    const tops = await page.evaluate(() => [...document.querySelectorAll('main li:has(h3)')]
        .map((story) => ({ source: story.querySelector('b').textContent, top: story.offsetTop })).sort((a, b) => a.top - b.top).map((story) => story.source));
    const groups = tops.filter((source, index) => source !== tops[index - 1]);
    assert.strictEqual(groups.length, new Set(tops).size, 'a source stands in two places');
    const walked = [];
    for (let step = 0; step < 60; step += 1) {
        await page.keyboard.press('Tab');
        const { source, name } = await focused();
        if (name === 'A' && source) walked.push(source);
    }
    const path = walked.filter((source, index) => source !== walked[index - 1]);
    assert.deepStrictEqual(path, groups.slice(0, path.length));
    assert.ok(walked.length > 50);
    await page.close();
}

async function narrow(browser) {
    for (const name of names) {
        for (const width of [320, 390, 820, 1280, 1920, 3840]) {
            const { page } = await open(browser, name, { width });
            for (const choice of [null, '#by']) {
                if (choice && !(await page.$(choice))) continue;
                if (choice) await page.evaluate((id) => document.querySelector(id).click(), choice);
                const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
                assert.ok(wide <= 0, `${name} at ${width} is ${wide} too wide (${choice})`);
            }
            if (shots) await page.screenshot({ path: `${shots}/${name}-${width}.png` });
            await page.close();
        }
    }
}

async function light(browser) {
    const { page } = await open(browser, 'few', { scheme: 'light' });
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const day = await paper();
    await page.evaluate(() => document.querySelector('#dark').click());
    const night = await paper();
    assert.notStrictEqual(day, night);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await page.evaluate(() => document.querySelector('#light').click());
    assert.strictEqual(await paper(), day);
    // On paper there is nothing to choose.
    await page.emulateMediaType('print');
    assert.strictEqual(await page.evaluate(() => document.querySelector('#all').checkVisibility()), false);
    await page.close();
}

run(async (browser) => {
    await check('nothing that publishers write is executed or asked for', () => quiet(browser));
    await check('the policy stops what gets through', () => policy(browser));
    await check('filters work by keyboard, and focus follows the screen', () => keyboard(browser));
    await check('light and dark can be chosen', () => light(browser));
    await check('no page scrolls sideways', () => narrow(browser));
    await check('axe finds nothing', () => accessible(browser));
    return passed;
});
