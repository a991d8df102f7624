// What the readers of npm make of documents, in the lines that `newsagg parse` prints.
import fs from 'node:fs';
import { Readable } from 'node:stream';

const [, , reader, ...paths] = process.argv;

const instant = (date) => {
  const read = date instanceof Date ? date : new Date(date ?? NaN);
  return isNaN(read) ? null : read.toISOString();
};

// Titles with attributes are objects.
const text = (value) => (typeof value === 'string' ? value : (value?._ ?? value?.value ?? null));
const link = (value) => (typeof value === 'string' ? value : null);

async function feedparser(bytes) {
  const { default: FeedParser } = await import('feedparser');
  return new Promise((resolve, reject) => {
    const parser = new FeedParser({ addmeta: false });
    const items = [];
    parser.on('error', reject);
    parser.on('readable', () => {
      for (let item; (item = parser.read());) {
        items.push({ title: item.title, url: item.link, date_published: instant(item.pubdate ?? item.date) });
      }
    });
    parser.on('end', () => resolve({ title: parser.meta?.title, items }));
    Readable.from([bytes]).pipe(parser);
  });
}

async function rssParser(bytes) {
  const { default: Parser } = await import('rss-parser');
  const feed = await new Parser().parseString(bytes.toString('utf8'));
  const items = feed.items.map((item) => ({
    title: text(item.title), url: link(item.link), date_published: instant(item.isoDate ?? item.pubDate),
  }));
  return { title: text(feed.title), items };
}

async function feedsmith(bytes) {
  const { parseFeed } = await import('feedsmith');
  const { feed } = parseFeed(bytes.toString('utf8'));
  const alternate = (links) => (links?.find((link) => !link.rel || link.rel === 'alternate') ?? links?.[0])?.href;
  const items = (feed.items ?? feed.entries ?? []).map((item) => ({
    title: text(item.title),
    url: item.url ?? item.link ?? alternate(item.links) ?? (item.guid?.isPermaLink !== false ? item.guid?.value : undefined),
    date_published: instant(item.pubDate ?? item.date_published ?? item.published ?? item.updated ?? item.dc?.date ?? item.dc?.dates?.[0]),
  }));
  return { title: text(feed.title), items };
}

const read = { feedparser, 'rss-parser': rssParser, feedsmith }[reader];
for (const path of paths) {
  let line;
  try {
    line = { file: path, ok: true, ...(await read(fs.readFileSync(path))) };
  } catch (error) {
    line = { file: path, ok: false, error: String(error?.message ?? error) };
  }
  await new Promise((written) => process.stdout.write(JSON.stringify(line) + '\n', written));
}
