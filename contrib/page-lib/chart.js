// What a browser says of the pictures of rounds. Arguments: the folder of chart-*.svg, and after it a folder for
// screenshots, if they are wanted.
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const run = require('./run.js');

const axe = fs.readFileSync(require.resolve('axe-core'), 'utf8');
const [folder, shots] = process.argv.slice(2);
const names = fs.readdirSync(folder).filter((name) => /^chart-.*\.svg$/.test(name)).map((name) => name.slice(0, -4));
const text = (name) => fs.readFileSync(`${folder}/${name}.svg`, 'utf8');
const SCHEMES = { light: [255, 255, 255], dark: [13, 17, 23] };
let passed = 0;

async function open(browser, url, scheme, width = 1000) {
    const page = await browser.newPage();
    const seen = [];
    page.on('console', (message) => seen.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => seen.push(`error: ${error.message}`));
    page.on('request', (request) => { if (request.url() !== url && !request.url().startsWith('data:')) seen.push(`request: ${request.url()}`); });
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.goto(url, { waitUntil: 'load' });
    return { page, seen };
}

const check = async (what, test) => {
    for (const name of names) {
        for (const scheme of Object.keys(SCHEMES)) await test(name, scheme);
    }
    passed += 1;
    console.log(`ok ${what}`);
};

/** Colours that are computed, and their contrast to the paper. */
const contrasts = (page) => page.evaluate(() => {
    const light = (colour) => {
        const [red, green, blue] = colour.match(/[\d.]+/g).map((part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const paper = light(getComputedStyle(document.querySelector('.b')).fill);
    const ratio = (colour) => {
        const [low, high] = [light(colour), paper].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const of = (selector, what) => [...document.querySelectorAll(selector)].map((each) => ({ what: `${selector} ${each.textContent}`, ratio: ratio(getComputedStyle(each)[what]) }));
    return {
        texts: of('text', 'fill'),
        shapes: [...of('[class^=p]:not(text)', 'fill'), ...of('.w, .x, .f, .d, .a', 'stroke')],
    };
});

async function readable(browser, name, scheme) {
    const { page, seen } = await open(browser, `file://${folder}/${name}.svg`, scheme);
    assert.deepStrictEqual(seen, [], `${name}: it asks for something`);
    const root = await page.evaluate(() => document.documentElement.outerHTML.includes('parsererror') || document.documentElement.localName);
    assert.strictEqual(root, 'svg', `${name} is not well-formed`);
    const { texts, shapes } = await contrasts(page);
    assert.ok(texts.length > 1);
    for (const { what, ratio } of texts) assert.ok(ratio >= 4.5, `${name} ${scheme}: ${what} has ${ratio}`);
    for (const { what, ratio } of shapes) assert.ok(ratio >= 3, `${name} ${scheme}: ${what} has ${ratio}`);
    await page.close();
}

async function apart(browser, name, scheme) {
    const { page } = await open(browser, `file://${folder}/${name}.svg`, scheme);
    const found = await page.evaluate(() => {
        const view = document.documentElement.viewBox.baseVal;
        const boxes = [...document.querySelectorAll('text')].map((each) => {
            const { x, y, width, height } = each.getBBox();
            return { text: each.textContent, left: x, right: x + width, top: y, bottom: y + height };
        });
        const meets = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        // A hair of the box is not the letter.
        const smaller = (box) => ({ ...box, top: box.top + 1, bottom: box.bottom - 1 });
        // What a path is made of: bars and swatches, and lines from top to bottom.
        const drawn = [...document.querySelectorAll('path')].filter((path) => !path.closest('defs') && !path.matches('.b, .h, .a, .g'));
        const parts = drawn.flatMap((path) => [...path.getAttribute('d').matchAll(/M(\d+) (\d+)(?:H(\d+))?(?:V(\d+))?/g)]).map(([, x, y, to, below]) => (
            { left: +x, right: +(to ?? x) + (to ? 0 : 0.1), top: +y, bottom: +(below ?? y) + (below ? 0 : 0.1) }));
        // A label begins and ends a pixel beside the line that it belongs to.
        const inner = (box) => ({ ...smaller(box), left: box.left + 2, right: box.right - 2 });
        const covered = boxes.filter((box) => parts.some((part) => meets(inner(box), part)));
        const outside = boxes.filter((box) => box.left < 0 || box.right > view.width || box.top < 0 || box.bottom > view.height);
        const together = boxes.filter((box, at) => boxes.slice(at + 1).some((other) => meets(smaller(box), smaller(other))));
        const names = [...document.querySelectorAll('text.n')].map((each) => { const { x, width } = each.getBBox(); return x + width; });
        const left = document.querySelector('path.a')?.getBBox().x ?? view.width;
        return {
            covered: covered.map((box) => box.text), outside: outside.map((box) => box.text), together: together.map((box) => box.text),
            over: names.filter((right) => right > left).length, wide: parts.filter((part) => part.right > view.width).length, parts: parts.length > 0, high: view.height,
        };
    });
    assert.ok(found.high < 2000);
    assert.deepStrictEqual(found, { covered: [], outside: [], together: [], over: 0, wide: 0, parts: name !== 'chart-empty', high: found.high }, name);
    await page.close();
}

/** As the picture of a page: it has its own paper, in the colour that the reader prefers, at any size. */
async function image(browser, name, scheme) {
    for (const width of [400, 800, 1600]) {
        const { page, seen } = await open(browser, 'about:blank', scheme, width);
        const source = `data:image/svg+xml;base64,${Buffer.from(text(name)).toString('base64')}`;
        await page.setContent(`<!doctype html><html lang=en><meta name=color-scheme content="light dark"><title>x</title>
            <body style="margin:0"><img alt="a round" src="${source}" style="width:100%;height:auto;display:block">`, { waitUntil: 'load' });
        const found = await page.evaluate(() => {
            const picture = document.querySelector('img');
            const canvas = document.createElement('canvas');
            [canvas.width, canvas.height] = [picture.width, picture.height];
            const pen = canvas.getContext('2d');
            pen.drawImage(picture, 0, 0, picture.width, picture.height);
            const dots = pen.getImageData(0, 0, picture.width, picture.height).data;
            const colours = new Set();
            for (let at = 0; at < dots.length; at += 4) colours.add(dots.slice(at, at + 3).join());
            return { natural: picture.naturalWidth, corner: [...dots.slice(0, 3)], colours: colours.size };
        });
        assert.deepStrictEqual(found.corner, SCHEMES[scheme], `${name} ${scheme}`);
        assert.strictEqual(found.natural, 800);
        assert.ok(found.colours > 10, `${name}: nothing is drawn`);
        assert.deepStrictEqual(seen, []);
        if (shots) await page.screenshot({ path: `${shots}/${name}-${width}-${scheme}.png`, fullPage: true });
        await page.close();
    }
}

async function accessible(browser, name, scheme) {
    const { page } = await open(browser, 'about:blank', scheme);
    await page.setContent(`<!doctype html><html lang=en><title>x</title><main><h1>x</h1>${text(name)}</main>`);
    await page.evaluate(axe);
    const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const result = await page.evaluate((tags) => axe.run(document, { runOnly: tags }), rules);
    assert.deepStrictEqual(result.violations.map((each) => `${each.id}: ${each.help}`), [], name);
    assert.ok(result.passes.some((each) => each.id === 'svg-img-alt'), 'axe did not see a picture');
    const { page: own } = await open(browser, `file://${folder}/${name}.svg`, scheme);
    const tree = await (await own.createCDPSession()).send('Accessibility.getFullAXTree');
    const picture = tree.nodes.find((node) => /^(img|image)$/.test(node.role?.value || ''));
    const [, title] = text(name).match(/<title id="title">([^<]+)</);
    assert.ok(picture && picture.name.value.startsWith(title), `${name} has no name`);
    await own.close();
    await page.close();
}

run(async (browser) => {
    assert.ok(names.length >= 5, 'there are no pictures');
    await check('pictures ask for nothing and stand out from their paper', (name, scheme) => readable(browser, name, scheme));
    await check('no label touches another or leaves the picture', (name, scheme) => apart(browser, name, scheme));
    await check('pictures within a page follow light and dark at any size', (name, scheme) => image(browser, name, scheme));
    await check('axe finds nothing in pictures, and each has a name', (name, scheme) => accessible(browser, name, scheme));
    return passed;
});
