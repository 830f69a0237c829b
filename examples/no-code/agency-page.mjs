// The page that an agency keeps open: its clients' instances and how they are, the backups, the install tokens.
// One server-rendered page, nothing to build, no scripts in it; it reloads itself every minute.
//
//   XANO_TOKEN=… node agency-page.mjs [BACKUPS] [FLEET.TOML]    then open http://127.0.0.1:8080
// @ts-check
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

import { Xano, verify } from 'xano-metadata'

/** @param {unknown} text */
const safe = (text) => String(text ?? '–').replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)

/** A table whose cells can be found by `data-` names. @param {string} id @param {string[]} head @param {unknown[][]} rows */
function table(id, head, rows) {
  const cells = (/** @type {unknown[]} */ row) =>
    row.map((cell, at) => `<td data-column="${safe(head[at])}">${safe(cell)}</td>`).join('')
  const body = rows.map((row) => `<tr class="${safe(row[1])}">${cells(row)}</tr>`).join('')
  const header = head.map((name) => `<th>${safe(name)}</th>`).join('')
  return `<table id="${id}"><thead><tr>${header}</tr></thead><tbody>${body}</tbody></table>`
}

/** What the page shows, asked for at once. @param {Xano} xano @param {string | import('xano-metadata').FleetConfig | undefined} config @param {string} backups */
async function collect(xano, config, backups) {
  const fleet = xano.fleet(config)
  const tokens = async () => {
    const rows = []
    for await (const snippet of xano.snippets.list()) {
      if (snippet.install_access !== 'token') continue
      const all = await xano.snippet(snippet.canonical).tokens.list().all()
      if (!all.length) continue
      const sum = (/** @type {'max_installs' | 'current_installs'} */ field) =>
        all.reduce((n, token) => n + token[field], 0)
      rows.push([snippet.name, all.length, sum('current_installs'), sum('max_installs')])
    }
    return rows
  }
  const [inventory, health, kept, usage] = await Promise.all([
    fleet.inventory(),
    fleet.health(),
    // Without a folder there are no backups, which the page says.
    verify(backups).catch(() => null),
    tokens(),
  ])
  fleet.close()
  return { inventory, health, kept, usage }
}

/** The page. @param {Xano} xano @param {string | import('xano-metadata').FleetConfig | undefined} config @param {string} backups */
export async function page(xano, config, backups) {
  const { inventory, health, kept, usage } = await collect(xano, config, backups)
  const workspaces = new Map(inventory.instances.map(({ name, workspaces }) => [name, workspaces?.length ?? null]))
  const instances = health.instances.map(({ name, display, state, environment, latencyMs, reason }) => [
    display,
    state,
    environment,
    workspaces.get(name),
    latencyMs === null ? null : `${Math.round(latencyMs)} ms`,
    reason,
  ])
  const files = (kept?.files ?? []).map(({ path, state, manifest, reason }) => [
    manifest ? `${manifest.instance} / ${manifest.workspace.name}` : path.split('/').at(-1),
    state,
    manifest?.created_at.slice(0, 16).replace('T', ' '),
    manifest ? `${Math.ceil(manifest.size / 1024)} KB` : null,
    reason,
  ])
  const up = health.instances.filter(({ state }) => state === 'up').length
  const installs = usage.reduce((sum, row) => sum + Number(row[2]), 0)
  const numbers = { instances: health.instances.length, up, backups: kept?.good ?? 0, installs }
  const tiles = Object.entries(numbers)
    .map(([name, value]) => `<div><b id="${name}">${value}</b>${name}</div>`)
    .join('')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="60"><title>Agency</title>
<style>
  body { font: 14px/1.4 system-ui, sans-serif; max-width: 60em; margin: 2em auto; color: #1f2328 }
  table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3em .8em; border-bottom: 1px solid #d0d7de }
  h2 { margin: 1.6em 0 .4em } #tiles { display: flex; gap: 1em } #tiles div { flex: 1; background: #f6f8fa; padding: 1em; border-radius: 6px }
  #tiles b { display: block; font-size: 2em } tr.up td:nth-child(2), tr.good td:nth-child(2) { color: #1a7f37 }
  tr.down td, tr.unauthorised td, tr.bad td { background: #ffebe9 } tr.slow td { background: #fff8c5 }
</style>
<h1>Agency</h1><div id="tiles">${tiles}</div>
<h2>Instances</h2>${table('fleet', ['instance', 'state', 'environment', 'workspaces', 'latency', 'why'], instances)}
<h2>Backups</h2>${table('files', ['of', 'state', 'made', 'size', 'why'], files)}
<h2>Install tokens</h2>${table('usage', ['snippet', 'tokens', 'installed', 'allowed'], usage)}
</html>`
}

/** The server. @param {Xano} xano @param {string} [backups] @param {string | import('xano-metadata').FleetConfig} [config] */
export function serve(xano, backups = 'backups', config) {
  return createServer(async (request, response) => {
    const headers = {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    }
    if (request.url !== '/') return response.writeHead(404).end()
    try {
      const html = await page(xano, config, backups)
      response.writeHead(200, headers).end(html)
    } catch (error) {
      console.error(error)
      response.writeHead(502, headers).end('Xano did not answer; the log says why.')
    }
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  // Only for this machine: the page asks for no password.
  serve(new Xano(), process.argv[2], process.argv[3]).listen(8080, '127.0.0.1')
}
