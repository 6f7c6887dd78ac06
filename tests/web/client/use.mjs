// Uses the generated client (the folder in the first argument) on a server: ADDRESS and TOKEN are in the environment.
import assert from "node:assert/strict";
import path from "node:path";
import { pathToFileURL } from "node:url";

const built = path.resolve(process.argv[2]);
const api = await import(pathToFileURL(path.join(built, "index.js")));
const { client } = await import(pathToFileURL(path.join(built, "client.gen.js")));
client.setConfig({ baseUrl: process.env.ADDRESS, auth: () => process.env.TOKEN });

const good = async (call) => {
    const { data, error, response } = await call;
    assert.ok(response.ok, `${response.status}: ${JSON.stringify(error)}`);
    return { data, response };
};

const lists = await good(api.lists());
assert.deepEqual(lists.data.lists.map((list) => list.name), ["bulletin"]);
const added = await good(api.addSubscriber({ body: { address: "ann@example.org", list: "bulletin", consent: "by telephone" } }));
assert.equal(added.data.outcome, "active");
const ann = await good(api.subscriber({ path: { id: added.data.id } }));
assert.equal(ann.data.subscriptions[0].state, "active");
const tag = ann.response.headers.get("ETag");
await good(api.changeSubscriber({ path: { id: added.data.id }, body: { name: "Ann" }, headers: { "If-Match": tag } }));
const late = await api.changeSubscriber({ path: { id: added.data.id }, body: { name: "Late" }, headers: { "If-Match": tag } });
assert.equal(late.response.status, 412);
assert.equal(late.error.status, 412);
const unknown = await api.subscriber({ path: { id: 999 } });
assert.equal(unknown.error.title, "Not found");
const message = { list: "bulletin", to: "bob@example.org", template: "plain", data: { subject: "Hello", text: "From a generated client." } };
const sent = await good(api.sendMessage({ body: message, headers: { "Idempotency-Key": "generated-1" } }));
const again = await good(api.sendMessage({ body: message, headers: { "Idempotency-Key": "generated-1" } }));
assert.equal(sent.data.id, again.data.id);
const kinds = (await good(api.events({ query: { limit: 1000 } }))).data.events.map((event) => event.kind);
assert.ok(kinds.includes("message-queued"), kinds);
const draft = await good(api.beginDraft({ body: { list: "bulletin", title: "Yurts" } }));
assert.equal((await good(api.approval({ path: { id: draft.data.id } }))).data.state, "none");
console.log("fine");
