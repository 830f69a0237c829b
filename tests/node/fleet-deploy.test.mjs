// Deploying from Node: what is asked, what is told, what is left when it is stopped.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { Cancelled, ConfigError, RefusedError, XanoError, deploy, deployment, resume, revert } from 'xano-metadata'

import { QUICK, emulate, failure } from './helper.mjs'

const OLD = 'function total {\n  response = 1\n}\n---\ntask sweep {\n  active = false\n}\n'
const NEW = 'function total {\n  response = 2\n}\n---\nfunction greet {\n  response = "hello"\n}\n'

/** Workspaces: Dev, whose branch `next` has a new version, and Staging and Prod, which run the old one. */
async function shop(t) {
  const emulator = await emulate(t)
  const folder = await mkdtemp(join(tmpdir(), 'xano-deploy-'))
  t.after(() => rm(folder, { recursive: true }))
  const instance = emulator.instance({ ...QUICK, rateLimit: false })
  const make = async (name) => {
    const workspace = instance.workspace((await instance.workspaces.create({ name })).id)
    await workspace.multidoc.push({ xanoscript: OLD })
    return workspace
  }
  const [dev, staging, prod] = [await make('Dev'), await make('Staging'), await make('Prod')]
  await dev.branches.create({ label: 'next' })
  await dev.multidoc.push({ xanoscript: NEW, branch: 'next', delete: true })
  const stages = [
    { name: 'staging', place: staging },
    { name: 'prod', place: prod, protected: true },
  ]
  const file = (name) => join(folder, name)
  const options = (name) => ({ dryRun: false, journal: file(name), backups: file('backups'), settle: 50 })
  return { emulator, instance, folder, file, options, dev, staging, prod, stages, source: dev.branch('next') }
}

/** What was changed since it was set up; exports change nothing. */
async function changes(workspace) {
  const entries = await workspace.auditLogs.list().all()
  const words = entries.map(({ type }) => type).reverse()
  return words.slice(2).filter((word) => word !== 'workspace.export')
}

async function runsNew(workspace) {
  const text = await workspace.multidoc.pull()
  const marks = ['response = 2', 'function greet'].map((mark) => text.includes(mark))
  assert.equal(marks[0], marks[1], text)
  return marks[0]
}

test('a plan is the default and writes nothing', async (t) => {
  const { source, stages, prod, folder } = await shop(t)
  const plan = await deploy(source, stages)
  assert.deepEqual([plan.ok, plan.outcome, plan.journal], [true, 'planned', null])
  assert.deepEqual(plan.stages[1].preview.changes, [
    { change: 'added', kind: 'function', name: 'greet' },
    { change: 'changed', kind: 'function', name: 'total' },
    { change: 'removed', kind: 'task', name: 'sweep' },
  ])
  assert.equal(plan.stages[1].preview.comparison.equal, false)
  assert.match(plan.text, /^Deployment deploy-\d{8}-\d{6}-\w{8} of branch/)
  assert.deepEqual(await changes(prod), [])
  assert.deepEqual(await readdir(folder), [])
})

test('it goes through all stages with check and gate, and back', async (t) => {
  const { source, stages, staging, prod, instance, options, file, folder } = await shop(t)
  const asked = []
  const steps = []
  const done = await deploy(source, stages, {
    ...options('a.json'),
    check: async ({ about }) => {
      asked.push(`${about.stage} ${about.moment}`)
      const text = await instance.workspace(about.workspace).multidoc.pull({ branch: about.branch })
      return text.includes('greet')
    },
    gate: ({ kind, about }) => {
      asked.push(`${about.stage} ${about.moment}`)
      return { yes: kind === 'gate', reason: 'Robin said so' }
    },
    onStep: ({ stage, step, state }) => steps.push(`${stage} ${step} ${state}`),
  })
  assert.ok(done.ok, done.text)
  assert.deepEqual(asked, ['staging check', 'staging live', 'prod write', 'prod check', 'prod live'])
  assert.deepEqual([await runsNew(staging), await runsNew(prod)], [true, true])
  assert.deepEqual([steps[0], steps.at(-1)], ['staging preview begun', 'prod verify done'])
  assert.equal(done.stages[0].steps.find(({ step }) => step === 'gate').note, 'Robin said so')
  assert.equal(done.stages[0].branchLeft, true)
  assert.deepEqual(await deployment(file('a.json')), done)
  const back = await revert(file('a.json'), stages, { gate: () => true, keepBranch: false })
  assert.ok(back.ok && back.outcome === 'reverted', back.text)
  assert.deepEqual([await runsNew(staging), await runsNew(prod)], [false, false])
  assert.deepEqual(await prod.branches.list().all(), await prod.branches.list().all())
  assert.equal((await prod.branches.list().all()).length, 1)
  assert.deepEqual((await readdir(folder)).sort(), ['a.json', 'backups'])
})

test('a no leaves production untouched', async (t) => {
  const { source, stages, staging, prod, options, file } = await shop(t)
  const nobody = await deploy(source, stages, options('a.json'))
  assert.equal(nobody.outcome, 'refused')
  assert.match(nobody.trouble.message, /no gate was given/)
  assert.ok(nobody.trouble.error instanceof RefusedError)
  const failed = await deploy(source, stages, {
    ...options('b.json'),
    gate: false,
    keepBranch: false,
    check: () => {
      throw new Error('no answer')
    },
  })
  assert.equal(failed.outcome, 'failed')
  assert.match(failed.trouble.message, /Error: no answer/)
  const forgetful = await deploy(source, stages, { ...options('c.json'), gate: false, check: async () => undefined })
  assert.match(forgetful.text, /returned undefined/)
  assert.deepEqual([await changes(prod), await runsNew(staging)], [[], false])
  // Where only protected stages are asked for, staging passes and prod does not.
  const half = await deploy(source, stages, { ...options('d.json'), gate: false, requireTests: false })
  assert.deepEqual(
    half.stages.map(({ live }) => live),
    ['new', 'previous'],
  )
  assert.ok(half.notDone.includes('prod: live'), half.text)
  assert.deepEqual(await changes(prod), [])
  const again = await resume(file('d.json'), stages, { gate: async () => true })
  assert.ok(again.ok && again.resumed === 1, again.text)
  assert.equal(await runsNew(prod), true)
})

test('a fleet says what is protected', async (t) => {
  const { emulator, source, prod, options } = await shop(t)
  const fleet = emulator.client().fleet({ environments: { prod: { match: '*', protected: true } } })
  const stages = [{ name: 'only', place: prod }]
  assert.equal((await deploy(source, stages, { fleet })).stages[0].protected, true)
  const done = await deploy(source, stages, { ...options('a.json'), fleet, gate: false })
  assert.deepEqual([done.outcome, await changes(prod)], ['refused', []])
  assert.equal((await deploy(source, stages)).stages[0].protected, false)
})

test('texts and folders are sources', async (t) => {
  const { staging, prod, options, file } = await shop(t)
  const folder = file('src')
  await mkdir(folder)
  for (const [at, text] of NEW.split('---\n').entries()) await writeFile(join(folder, `${at}.xs`), text)
  const gate = () => true
  const one = await deploy({ folder }, [{ name: 'staging', place: staging }], { ...options('a.json'), gate })
  const text = { ...options('b.json'), gate, backups: false }
  const other = await deploy({ text: NEW }, [{ name: 'prod', place: prod }], text)
  assert.ok(one.ok && other.ok, one.text + other.text)
  assert.deepEqual([await runsNew(staging), await runsNew(prod), other.stages[0].backup], [true, true, null])
  await symlink(join(folder, '0.xs'), join(folder, 'link.xs'))
  assert.match((await failure(deploy({ folder }, [{ name: 'a', place: prod }]))).message, /is a link/)
})

test('an abort ends it where it is, and it can be gone on with', async (t) => {
  const { source, stages, staging, prod, options, file } = await shop(t)
  const controller = new AbortController()
  const error = await failure(
    deploy(source, stages, {
      ...options('a.json'),
      signal: controller.signal,
      gate: ({ about }) => {
        if (about.stage === 'prod' && about.moment === 'live') controller.abort()
        return true
      },
    }),
  )
  assert.ok(error instanceof Cancelled, error)
  const seen = await deployment(file('a.json'))
  assert.deepEqual([seen.outcome, seen.running], ['interrupted', false])
  assert.ok(!(await runsNew(prod)))
  const done = await resume(file('a.json'), stages, { gate: () => true })
  assert.ok(done.ok, done.text)
  assert.deepEqual([await runsNew(staging), await runsNew(prod)], [true, true])
})

test('arguments are looked at', async (t) => {
  const { source, stages, prod, options, instance, file } = await shop(t)
  for (const call of [
    () => deploy(7, stages),
    () => deploy(instance, stages),
    () => deploy(source, [prod]),
    () => deploy(source, [{ name: 'prod', place: 'Prod' }]),
    () => deploy(source, [{ name: 'prod', place: prod, protected: 'yes' }]),
    () => deploy(source, []),
    () => deploy(source, prod),
    () => deploy(source, stages, { check: true }),
    () => deploy(source, stages, { gate: 'yes' }),
    () => deploy(source, stages, { journal: 1 }),
    () => deploy(source, stages, { backups: true }),
    () => deploy(source, stages, { settle: -1 }),
    () => deploy(source, stages, { dryrun: false }),
    () => resume(file('none.json'), stages),
    () => deployment(7),
  ]) {
    assert.ok((await failure(call())) instanceof ConfigError, String(call))
  }
  await deploy(source, stages, options('a.json'))
  for (const call of [() => deploy(source, stages, options('a.json')), () => revert(file('a.json'), stages.slice(1))]) {
    const error = await failure(call())
    assert.ok(error instanceof RefusedError && error instanceof XanoError, error)
  }
})
