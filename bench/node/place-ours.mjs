// Puts the packages that `make npm` packed where the bench's programs look for modules: what is measured is what users
// get. npm would ask the registry for the platform packages of a version that may not be there yet.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const packed = join(here, '..', '..', 'dist', 'npm')
for (const file of readdirSync(packed).filter((name) => name.endsWith('.tgz'))) {
  const name = file.replace(/-\d+\.\d+\.\d+.*\.tgz$/, '')
  const folder = join(here, 'node_modules', name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  execFileSync('tar', ['xzf', join(packed, file), '-C', folder, '--strip-components', '1'])
}
