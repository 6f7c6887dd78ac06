// An identity provider for tests: `node openid.mjs '{"client": {...}, "people": {NAME: CLAIMS}}'` prints its address. It lets in whoever
// /as/NAME has named last, and asks nothing.
import http from 'node:http';

const { Provider } = await import('oidc-provider').then((module) => module.default?.Provider ? module.default : { Provider: module.default });
const options = JSON.parse(process.argv[2]);
let person = '';
const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [options.client],
    pkce: { required: () => true },
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: options.userinfo === true,
    features: { devInteractions: { enabled: false } },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'HS256'] },
    jwks: options.jwks,
    cookies: { keys: ['test'] },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...options.people[id] }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  });
  const answer = provider.callback();
  server.on('request', async (request, response) => {
    if (request.url.startsWith('/as/')) {
      person = decodeURIComponent(request.url.slice(4));
      response.end();
    } else if (request.url.startsWith('/interaction/')) {
      const details = await provider.interactionDetails(request, response);
      const grant = new provider.Grant({ accountId: person, clientId: options.client.client_id });
      grant.addOIDCScope(details.params.scope);
      const grantId = await grant.save();
      await provider.interactionFinished(request, response, { login: { accountId: person }, consent: { grantId } });
    } else {
      answer(request, response);
    }
  });
  console.log(issuer);
});
process.stdin.on('end', () => process.exit(0)).resume();
