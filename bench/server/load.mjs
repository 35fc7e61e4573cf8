// The load, from a process of its own: node load.mjs <url> <connections> <seconds>. Prints what came of it as JSON.
import autocannon from 'autocannon';

const [url, connections, seconds] = process.argv.slice(2);
const headers = { 'content-type': 'application/json' };
const result = await autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  requests: Array.from({ length: 8 }, (_, k) => ({
    method: 'POST',
    path: `/customers/${k}/fit`,
    headers,
    body: JSON.stringify({ l2: k / 100 }),
  })),
});
const { requests, latency, errors, timeouts, non2xx } = result;
const failed = errors + timeouts + non2xx;
console.log(
  JSON.stringify({ rate: requests.total / result.duration, p50: latency.p50 / 1e3, p99: latency.p99 / 1e3, failed }),
);
