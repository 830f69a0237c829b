// Compiles the TypeScript sources into bindings-node/dist: CommonJS with its declarations, and an ES module that hands
// out the same objects, so that `instanceof` holds whichever way a program and its dependencies load the package.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const here = dirname(dirname(fileURLToPath(import.meta.url)))
const tsc = require.resolve('typescript/bin/tsc')
const cjs = join(here, 'dist', 'cjs')
const esm = join(here, 'dist', 'esm')

function compile(...flags) {
  execFileSync(process.execPath, [tsc, '-p', here, ...flags], { stdio: 'inherit' })
}

for (const folder of [cjs, esm]) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
}
// Documentation belongs into the declarations; in the code it would only make loading slower.
compile('--declaration', '--emitDeclarationOnly')
compile('--removeComments')

// What is not needed for calling the API (the rooms of the fleet, constructors, search) is loaded by whoever uses it.
const index = join(cjs, 'index.js')
const eager = /^var (fleet\w*|constructors|download|search|values)_js_1 = require\((".+")\);\n/gm
let text = readFileSync(index, 'utf8')
for (const [line, room, path] of text.matchAll(eager)) {
  text = text.replace(line, '').replaceAll(`return ${room}_js_1.`, `return require(${path}).`)
}
writeFileSync(index, text)

for (const entry of ['index', 'testing']) {
  const names = Object.keys(require(join(cjs, `${entry}.js`))).sort()
  const body = names.map((name) => `export const ${name} = package_.${name}\n`).join('')
  writeFileSync(join(esm, `${entry}.mjs`), `import package_ from '../cjs/${entry}.js'\n${body}`)
  writeFileSync(join(esm, `${entry}.d.mts`), `export * from '../cjs/${entry}.js'\n`)
}

const addons = existsSync(join(here, 'dist'))
  ? readdirSync(join(here, 'dist')).filter((name) => name.endsWith('.node'))
  : []
if (!addons.length) console.log('bindings-node/dist has no addon yet: run npm run build:native')
