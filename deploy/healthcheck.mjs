// `node deploy/healthcheck.mjs <port>`: exits 0 while the service on this port is ready; says what is not, otherwise.
const response = await fetch(`http://127.0.0.1:${process.argv[2]}/readyz`);
if (!response.ok) process.stderr.write(`${await response.text()}\n`);
process.exit(response.ok ? 0 : 1);
