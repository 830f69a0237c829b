// Compiles the TypeScript sources into bindings-node/dist: CommonJS with its declarations, and ES modules that hand out
// the same objects, so that `instanceof` holds whichever way a program and its dependencies load the package.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const here = dirname(dirname(fileURLToPath(import.meta.url)))
const tsc = require.resolve('typescript/bin/tsc')
const cjs = join(here, 'dist', 'cjs')
const esm = join(here, 'dist', 'esm')

function compile(...flags) {
  execFileSync(process.execPath, [tsc, '-p', here, ...flags], { stdio: 'inherit' })
}

/**
 * Puts the modules that every `import` needs into one file: finding and opening twenty takes Node longer than running
 * them. Each leaves a file behind that hands out its exports, for the modules that load later, so all stay one copy; and
 * each still runs only when something of it is used.
 */
function joinEager() {
  Object.values(require(index))
  const inside = (path) => relative(cjs, path).replaceAll('\\', '/')
  const eager = Object.keys(require.cache)
    .filter((path) => path.startsWith(join(cjs, '/')))
    .map(inside)
  const rooms = eager.map((name) => {
    const source = readFileSync(join(cjs, name), 'utf8').replace(/\brequire\((['"])(\..+?)\1\)/g, (_, __, path) => {
      const other = inside(join(cjs, dirname(name), path))
      return eager.includes(other) ? `__room(${JSON.stringify(other)})` : `require("./${other}")`
    })
    const up = name.includes('/') ? '../' : './'
    writeFileSync(
      join(cjs, name),
      `"use strict";\nmodule.exports = require("${up}eager.js")(${JSON.stringify(name)});\n`,
    )
    // V8 compiles a function in parentheses at once. Otherwise it reads what is inside of it twice: to find its end, and
    // when it runs.
    return `${JSON.stringify(name)}: (function (exports) {\n${source}\n})`
  })
  const text = `"use strict";
const made = {};
const rooms = {
${rooms.join(',\n')}
};
function __room(name) {
  if (!(name in made)) rooms[name](made[name] = {});
  return made[name];
}
module.exports = __room;
`
  // One character beyond Latin-1 would make V8 hold, and read, all of it in two bytes each.
  const escaped = (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`
  writeFileSync(join(cjs, 'eager.js'), text.replace(/[^\0-\x7f]/g, escaped))
  for (const path of Object.keys(require.cache)) delete require.cache[path]
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
// An ES module evaluates every name it exports. Classes must be there for that; functions load their room when called.
const lazy = /^Object.defineProperty\(exports, "([a-z]\w*)", .* return (require\(".+"\))\.\1; \} \}\);$/gm
text = text.replace(lazy, 'exports.$1 = { $1(...given) { return $2.$1(...given); } }.$1;')
writeFileSync(index, text)

joinEager()

// Node takes CommonJS from `require` faster than from `import`, which looks for its names first. Bundlers follow `import`
// alone; they ask for the condition `module`, which Node does not know.
const hands = {
  index: `require('../cjs/eager.js')('index.js')`,
  testing: `require('../cjs/testing.js')`,
}
for (const [entry, loaded] of Object.entries(hands)) {
  const names = Object.keys(require(join(cjs, `${entry}.js`))).sort()
  const body = names.map((name) => `export const ${name} = package_.${name}\n`).join('')
  const requiring = `import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n`
  writeFileSync(join(esm, `${entry}.mjs`), `${requiring}const package_ = ${loaded}\n${body}`)
  writeFileSync(join(esm, `${entry}.bundled.mjs`), `import package_ from '../cjs/${entry}.js'\n${body}`)
  writeFileSync(join(esm, `${entry}.d.mts`), `export * from '../cjs/${entry}.js'\n`)
}

const addons = existsSync(join(here, 'dist'))
  ? readdirSync(join(here, 'dist')).filter((name) => name.endsWith('.node'))
  : []
if (!addons.length) console.log('bindings-node/dist has no addon yet: run npm run build:native')
