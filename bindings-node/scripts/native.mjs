// Builds the addon with cargo and puts it where the loader looks: bindings-node/dist/xano-metadata.PLATFORM.node.
//
//   node native.mjs [--release] [--target TRIPLE]
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const { values: options } = parseArgs({ options: { release: { type: 'boolean' }, target: { type: 'string' } } })

// Rust's names for the platforms that are packaged, in Node's words.
const PLATFORMS = {
  'x86_64-unknown-linux-gnu': 'linux-x64-gnu',
  'aarch64-unknown-linux-gnu': 'linux-arm64-gnu',
  'x86_64-unknown-linux-musl': 'linux-x64-musl',
  'aarch64-unknown-linux-musl': 'linux-arm64-musl',
  'x86_64-apple-darwin': 'darwin-x64',
  'aarch64-apple-darwin': 'darwin-arm64',
  'x86_64-pc-windows-msvc': 'win32-x64-msvc',
}

const host = /^host: (.*)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))?.[1]
const target = options.target ?? host
const platform = PLATFORMS[target]
if (!platform)
  throw new Error(`no platform package is made for ${target}; there are ${Object.keys(PLATFORMS).join(', ')}`)

const build = ['build', '--package', 'xano-metadata-node', '--message-format', 'json-render-diagnostics']
if (options.release) build.push('--release')
if (options.target) build.push('--target', options.target)
const cargo = spawnSync('cargo', build, {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 1 << 28,
  stdio: ['ignore', 'pipe', 'inherit'],
})
if (cargo.status !== 0) process.exit(cargo.status ?? 1)

// Cargo says where it put the library, wherever its target folder is.
const library = cargo.stdout
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter((message) => message.reason === 'compiler-artifact' && message.target.name === 'xano_metadata_node')
  .flatMap((message) => message.filenames)
  .find((name) => /\.(so|dylib|dll)$/.test(name))
if (!library) throw new Error('cargo built no library')

// Renamed into place: a process that has the former one loaded keeps it.
const out = join(root, 'bindings-node', 'dist', `xano-metadata.${platform}.node`)
mkdirSync(dirname(out), { recursive: true })
copyFileSync(library, `${out}.new`)
renameSync(`${out}.new`, out)
