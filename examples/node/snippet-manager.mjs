// Every snippet you own with its installs, and the life of an install token.
//
//   node snippet-manager.mjs              list all snippets, installs used and left
//   node snippet-manager.mjs CANONICAL    restrict one to token holders; create, raise and revoke a token
// @ts-check
import { NotFoundError, Xano } from 'xano-metadata'

const xano = new Xano()

async function overview() {
  // Walks every page.
  for await (const snippet of xano.snippets.list()) {
    const tokens = await xano.snippet(snippet.canonical).tokens.list().all()
    const used = tokens.reduce((sum, t) => sum + t.current_installs, 0)
    const left = tokens.reduce((sum, t) => sum + t.max_installs - t.current_installs, 0)
    console.log(
      snippet.canonical.padEnd(12),
      snippet.name.padEnd(24),
      snippet.install_access.padEnd(7),
      `${used} used ${left} left`,
    )
  }
}

/** @param {string} canonical */
async function manage(canonical) {
  const snippet = xano.snippet(canonical)
  await snippet.update({ install_access: 'token', install_access_description: 'Ask us for a key' })
  console.log(`${canonical} is now for holders of a token`)

  const token = await snippet.tokens.create({ max_installs: 3 })
  console.log(`created ${token.token} for ${token.max_installs} installs`)

  const raised = await snippet.token(token.token).update({ max_installs: 10, current_installs: token.current_installs })
  console.log(`raised it to ${raised.max_installs}`)

  await snippet.token(token.token).delete()
  console.log('revoked it')
}

const canonical = process.argv[2]
try {
  await (canonical ? manage(canonical) : overview())
} catch (error) {
  if (!(error instanceof NotFoundError)) throw error
  console.error(`you own no snippet ${canonical}; run without arguments to see yours`)
  process.exit(1)
}
