// nodemailer with a pool of connections, as its documentation has it for many messages:
//     node smtp.mjs PORT CONNECTIONS COUNT MESSAGE-FILE [plain|starttls|tls [MESSAGES-PER-CONNECTION [AUTHORITY.pem]]]
import { readFileSync } from 'node:fs';
import nodemailer from 'nodemailer';

const [port, connections, count, file, security = 'plain', most = '0', authority] = process.argv.slice(2);
const text = readFileSync(file, 'latin1');
const transport = nodemailer.createTransport({
  host: '127.0.0.1', port: Number(port), secure: security === 'tls', requireTLS: security === 'starttls',
  ignoreTLS: security === 'plain', tls: authority ? { ca: readFileSync(authority) } : {}, pool: true,
  maxConnections: Number(connections), maxMessages: Number(most) || Infinity,
});
let next = 0;
let failed = 0;
async function lane() {
  while (next < Number(count)) {
    const n = next++;
    await transport.sendMail({
      from: 'Press Office <press@example.org>', to: `reader${n}@mail${n % 97}.example.org`,
      subject: 'The bulletin', text: `Dear reader ${n},\n\n${text}`,
    }).catch(() => failed++);
  }
}
await Promise.all(Array.from({ length: Number(connections) }, lane));
transport.close();
process.exit(failed ? 1 : 0);
