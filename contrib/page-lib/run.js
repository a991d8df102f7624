// A browser for checks of pages and pictures. What they find is said, and ends the program.
'use strict';
const puppeteer = require('puppeteer-core');

module.exports = async (checks) => {
    const args = process.getuid && process.getuid() === 0 ? ['--no-sandbox'] : [];
    try {
        const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args });
        try {
            console.log(`${await checks(browser)} passed, 0 failed`);
        } finally {
            await browser.close();
        }
    } catch (error) {
        console.error(error);
        process.exit(1);
    }
};
