"""Fetches feeds at once with httpx: FEEDS OUT AT_ONCE TIMEOUT."""
import asyncio
import sys

import httpx
import merge


async def fetch(client, limit, url):
    async with limit:
        answer = await client.get(url)
        answer.raise_for_status()
        return answer.content


async def main(feeds, out, at_once, timeout):
    urls = open(feeds).read().split()
    limit = asyncio.Semaphore(int(at_once))
    pool = httpx.Limits(max_connections=int(at_once), max_keepalive_connections=int(at_once))
    async with httpx.AsyncClient(timeout=float(timeout), limits=pool, follow_redirects=True) as client:
        bodies = await asyncio.gather(*(fetch(client, limit, url) for url in urls), return_exceptions=True)
    return merge.write(urls, bodies, out)


sys.exit(asyncio.run(main(*sys.argv[1:])))
