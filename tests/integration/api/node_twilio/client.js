// Sends, fetches, lists and fails with Twilio's client for Node; prints what it saw as JSON.
const twilio = require('twilio');

const [baseUrl, sid, token, to] = process.argv.slice(2);
const client = twilio(sid, token);
client.api.baseUrl = baseUrl;

async function main() {
  const sent = await client.messages.create({ to, body: 'Hello from Node' });
  const fetched = await client.messages(sent.sid).fetch();
  await client.messages.create({ to, body: 'Another' });
  const listed = await client.messages.list({ to, pageSize: 1 });
  const error = await client.messages.create({ to: '+15550000000', body: 'x' }).catch((e) => e);
  console.log(JSON.stringify({
    sent: [sent.status, sent.to, sent.dateCreated instanceof Date],
    fetched: [fetched.sid === sent.sid, fetched.body],
    listed: listed.map((each) => each.body),
    error: [error.status, error.code],
  }));
}

main();
