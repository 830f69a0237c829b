// Long work a step at a time: what the rooms of the fleet stand on, rehearsed by a task that does as its arguments say.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { Cancelled, ConfigError, XanoError } from 'xano-metadata'

import { ROOT, emulate, failure, node } from './helper.mjs'

// The module is the package's own, so it is loaded by its path.
const tasks = createRequire(import.meta.url)(join(ROOT, 'bindings-node/dist/cjs/tasks.js'))
const { run, found, Places } = tasks

const ALL = {
  acts: [{ progress: 3 }, { found: { id: 1 } }, { ask: 'Go on?' }, { found: { id: 2 } }],
  result: { big: 2n ** 63n },
}

function folder(t) {
  const made = mkdtempSync(join(tmpdir(), 'tasks-'))
  t.after(() => rmSync(made, { recursive: true }))
  return made
}

async function until(holds) {
  const limit = Date.now() + 20_000
  while (!holds()) {
    assert.ok(Date.now() < limit, 'it did not come to it')
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test('steps are told, asked and returned', async () => {
  const told = []
  const result = await run('rehearsal', ALL, {
    onProgress: (progress) => told.push(progress),
    onFound: (item) => told.push(item),
    ask: async (question) => {
      told.push(question)
      return { yes: true, reason: 'by hand' }
    },
  })
  assert.deepEqual(result, { answers: [{ yes: true, reason: 'by hand' }], result: { big: 2n ** 63n } })
  assert.deepEqual(told, [
    { what: 'rehearsal', done: 3, total: 10, unit: 'acts' },
    { id: 1 },
    { kind: 'check', text: 'Go on?', about: { acts: 1 } },
    { id: 2 },
  ])
})

test('without anyone to ask the answer is no', async () => {
  const { answers } = await run('rehearsal', ALL)
  assert.deepEqual(answers, [{ yes: false, reason: 'nobody was there to decide' }])
})

test('warnings are those of the process', async () => {
  const warned = new Promise((resolve) => process.once('warning', resolve))
  await run('rehearsal', { acts: [{ warn: 'Careful.' }] })
  const { name, message } = await warned
  assert.deepEqual([name, message], ['XanoMetadataWarning', 'Careful.'])
})

test('finds are looped over, and leaving the loop gives the task up', async (t) => {
  const held = join(folder(t), 'held')
  const acts = [{ found: 1 }, { found: 2 }, { hold: held }]
  const seen = []
  for await (const item of found('rehearsal', { acts }, {}, String)) {
    seen.push(item)
    if (item === '2') {
      await until(() => existsSync(held))
      break
    }
  }
  assert.ok(!existsSync(held))
  assert.deepEqual(seen, ['1', '2'])
})

test('failures are errors of ours', async () => {
  const broke = await failure(run('rehearsal', { acts: [{ fail: 'It broke.' }] }))
  assert.ok(broke instanceof ConfigError && broke.message.includes('It broke.'), broke.stack)
  const panicked = await failure(run('rehearsal', { acts: [{ panic: 'asked to' }] }))
  assert.ok(panicked instanceof XanoError && panicked.message.includes('panicked'), panicked.stack)
  assert.match((await failure(run('fleet.nonsense', {}))).message, /no task/)
  const undecided = await failure(run('rehearsal', ALL, { ask: () => 'maybe' }))
  assert.ok(undecided instanceof ConfigError, undecided.stack)
})

for (const what of ['onProgress', 'onFound', 'ask']) {
  test(`an error of ${what} gives the task up`, async (t) => {
    const held = join(folder(t), 'held')
    const fail = () => {
      throw new RangeError('enough')
    }
    const error = await failure(run('rehearsal', { acts: [...ALL.acts, { hold: held }] }, { [what]: fail }))
    assert.ok(error instanceof RangeError, error.stack)
    assert.ok(!existsSync(held))
  })
}

test('an aborted signal gives the work up at once, whatever it waits for', { timeout: 20_000 }, async (t) => {
  const held = join(folder(t), 'held')
  const waits = [
    { acts: [{ hold: held }], ready: () => existsSync(held) },
    { acts: [{ ask: 'Go on?' }], ask: () => new Promise(() => undefined), ready: () => asked },
  ]
  let asked = false
  for (const { acts, ask, ready } of waits) {
    const controller = new AbortController()
    const decide = (question) => {
      asked = true
      return ask(question)
    }
    const running = failure(run('rehearsal', { acts }, { signal: controller.signal, ask: ask && decide }))
    await until(ready)
    const reason = new Error('enough')
    controller.abort(reason)
    const error = await running
    assert.ok(error instanceof Cancelled, error.stack)
    assert.equal(error.cause, reason)
    assert.ok(!existsSync(held), 'its work went on')
  }
  assert.ok((await failure(run('rehearsal', ALL, { signal: AbortSignal.abort() }))) instanceof Cancelled)
})

test('a program that ends with work under way ends', async (t) => {
  const held = join(folder(t), 'held')
  const script = `
    import { createRequire } from 'node:module'
    import { existsSync } from 'node:fs'
    const { run } = createRequire('${ROOT}/')('./bindings-node/dist/cjs/tasks.js')
    run('rehearsal', { acts: [{ hold: ${JSON.stringify(held)} }] })
    const timer = setInterval(() => {
      if (existsSync(${JSON.stringify(held)})) { console.log('end'); process.exit(0) }
    }, 2)`
  const { stdout } = await node(script)
  assert.equal(stdout, 'end\n')
  assert.ok(!existsSync(held), 'what was held is let go at the end')
})

test('places are workspaces and branches', async (t) => {
  const emulator = await emulate(t)
  const [instance, other] = [emulator.instance(), emulator.instance()]
  const places = new Places()
  const workspace = instance.workspace('Main')
  assert.deepEqual(places.of(workspace, 'source'), { at: 0, workspace: 'Main' })
  assert.deepEqual(places.of(other.workspace(1).branch('v2'), 'target'), { at: 1, workspace: 1, branch: 'v2' })
  assert.equal(places.of(workspace.branch('v1'), 'target').at, 0)
  assert.equal(places.connections.length, 2)
  for (const wrong of [instance, workspace.table(1), undefined]) {
    assert.throws(() => places.of(wrong, 'target'), ConfigError)
  }
})
