// One end of an SMPP link, by npm's smpp:
//   node peer.js smsc PASSWORD [PEM]    listens, tells its port, answers what comes
//   node peer.js esme PORT [CA]         connects
// Every PDU that comes is told as a line of JSON, buffers as {"hex": ...}, with the octets of the
// whole as `octets`. A line {"do": COMMAND, "with": FIELDS} on stdin sends one: by the link that
// bound last and may receive, or else by the first.
'use strict';
const fs = require('fs');
const readline = require('readline');
const smpp = require('smpp');

const toHex = (key, value) =>
  value && value.type === 'Buffer' ? { hex: Buffer.from(value.data).toString('hex') } : value;
const fromHex = (key, value) => (value && value.hex !== undefined ? Buffer.from(value.hex, 'hex') : value);
const tell = (what) => process.stdout.write(`${JSON.stringify(what, toHex)}\n`);

const read = smpp.PDU.prototype.fromBuffer;
smpp.PDU.prototype.fromBuffer = function readAndKeep(buffer) {
  this.octets = buffer.toString('hex');
  return read.call(this, buffer);
};

let speaker;
function watch(session) {
  speaker = speaker || session;
  session.on('pdu', tell);
  session.on('close', () => tell({ command: 'close' }));
  session.on('error', (error) => tell({ command: 'error', text: error.message }));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => session.send(pdu.response(), () => session.close()));
}

function smsc(password, pem) {
  let messages = 0;
  const tls = pem ? { key: fs.readFileSync(pem), cert: fs.readFileSync(pem) } : {};
  const server = smpp.createServer(tls, (session) => {
    watch(session);
    for (const kind of ['bind_transceiver', 'bind_transmitter', 'bind_receiver']) {
      session.on(kind, (pdu) => {
        const isRight = pdu.password === password;
        if (isRight && kind !== 'bind_transmitter') speaker = session;
        const command_status = isRight ? smpp.ESME_ROK : smpp.ESME_RINVPASWD;
        session.send(pdu.response({ command_status, system_id: 'node' }), () => isRight || session.close());
      });
    }
    session.on('submit_sm', (pdu) => {
      messages += 1;
      session.send(pdu.response({ message_id: `node-${messages}` }));
    });
  });
  server.listen(0, '127.0.0.1', () => tell({ command: 'listening', port: server.address().port }));
}

function esme(port, ca) {
  const tls = ca ? { tls: true, ca: fs.readFileSync(ca) } : {};
  const session = smpp.connect({ host: '127.0.0.1', port: Number(port), ...tls }, () =>
    tell({ command: 'connected' }),
  );
  watch(session);
  session.on('deliver_sm', (pdu) => session.send(pdu.response()));
}

const [role, ...options] = process.argv.slice(2);
({ smsc, esme })[role](...options);
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const wanted = JSON.parse(line, fromHex);
    speaker[wanted.do](wanted.with);
  })
  .on('close', () => process.exit(0));
