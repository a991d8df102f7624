"""Fetches feeds at once with aiohttp: FEEDS OUT AT_ONCE TIMEOUT."""
import asyncio
import sys

import aiohttp
import merge


async def fetch(session, limit, url):
    async with limit, session.get(url) as answer:
        answer.raise_for_status()
        return await answer.read()


async def main(feeds, out, at_once, timeout):
    urls = open(feeds).read().split()
    limit = asyncio.Semaphore(int(at_once))
    pool = aiohttp.TCPConnector(limit=int(at_once))
    patience = aiohttp.ClientTimeout(total=float(timeout))
    async with aiohttp.ClientSession(connector=pool, timeout=patience) as session:
        bodies = await asyncio.gather(*(fetch(session, limit, url) for url in urls), return_exceptions=True)
    return merge.write(urls, bodies, out)


sys.exit(asyncio.run(main(*sys.argv[1:])))
