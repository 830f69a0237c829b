// Packs what npm gets into dist/npm: the main package, and the platform package of the addon that was built here.
// Both are staged in an empty folder, so that nothing gets in that is not listed.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const built = join(root, 'bindings-node', 'dist')
const out = join(root, 'dist', 'npm')
const stage = join(root, 'target', 'npm')
const main = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

// What the addon of a Rust target needs; npm installs the one whose os, cpu and libc are those of the machine.
const PLATFORMS = {
  'linux-x64-gnu': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  'linux-arm64-gnu': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] },
  'linux-x64-musl': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
  'linux-arm64-musl': { os: ['linux'], cpu: ['arm64'], libc: ['musl'] },
  'darwin-x64': { os: ['darwin'], cpu: ['x64'] },
  'darwin-arm64': { os: ['darwin'], cpu: ['arm64'] },
  'win32-x64-msvc': { os: ['win32'], cpu: ['x64'] },
}

function pack(name, manifest, copies) {
  const folder = join(stage, name)
  mkdirSync(folder, { recursive: true })
  for (const [from, to] of [...copies, [join(root, 'LICENSE'), 'LICENSE']]) {
    cpSync(from, join(folder, to), { recursive: true })
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  execFileSync('npm', ['pack', '--silent', '--pack-destination', out], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

rmSync(stage, { recursive: true, force: true })
rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })

// The platform packages are named only in what is packed: the lock file of the repository cannot hold packages that a
// release has not published yet.
const { devDependencies: _dev, scripts: _scripts, ...published } = main
const optionalDependencies = Object.fromEntries(
  Object.keys(PLATFORMS).map((platform) => [`${main.name}-${platform}`, main.version]),
)
pack(main.name, { ...published, optionalDependencies }, [
  [join(built, 'cjs'), 'bindings-node/dist/cjs'],
  [join(built, 'esm'), 'bindings-node/dist/esm'],
  [join(root, 'README.md'), 'README.md'],
])

const addons = readdirSync(built).filter((name) => name.endsWith('.node'))
if (!addons.length) throw new Error('bindings-node/dist has no addon: run npm run build:native first')
for (const addon of addons) {
  const platform = addon.slice(`${main.name}.`.length, -'.node'.length)
  if (!(platform in PLATFORMS)) throw new Error(`${addon} is for a platform that is not packaged`)
  const { version, license, engines } = main
  const name = `${main.name}-${platform}`
  const description = `The native part of ${main.name} for ${platform}`
  pack(name, { name, version, description, license, engines, main: addon, files: [addon], ...PLATFORMS[platform] }, [
    [join(built, addon), addon],
  ])
}
