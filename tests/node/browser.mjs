// A headless Chromium, driven over its devtools pipe: JSON messages that end with a zero byte. Nothing to install but the
// browser itself.
import { spawn } from 'node:child_process'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--hide-scrollbars',
  '--remote-debugging-pipe',
]

async function executable() {
  for (const place of PLACES.filter(Boolean)) {
    if (
      await access(place).then(
        () => true,
        () => false,
      )
    )
      return place
  }
  throw new Error(
    'There is no Chromium to look at the page with. Install it (Debian and Ubuntu: apt-get install chromium), or name one in the environment variable CHROMIUM.',
  )
}

/** Opens a page in a browser of its own, which ends with the test. */
export async function open(t, url, { width = 1000, height = 1000 } = {}) {
  const profile = await mkdtemp(join(tmpdir(), 'xano-browser-'))
  const path = await executable()
  const browser = spawn(path, [...FLAGS, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
  })
  let told = ''
  browser.stderr.on('data', (chunk) => {
    told = (told + chunk).slice(-2000)
  })
  const ended = new Promise((resolve) => {
    browser.once('exit', resolve)
    browser.once('error', resolve)
  })
  t.after(async () => {
    browser.kill('SIGKILL')
    await ended
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  })
  const [, , , input, output] = browser.stdio
  const waiting = new Map()
  const listening = new Set()
  let rest = ''
  output.setEncoding('utf8').on('data', (chunk) => {
    const messages = (rest + chunk).split('\0')
    rest = messages.pop()
    for (const message of messages.map((text) => JSON.parse(text))) {
      const answer = waiting.get(message.id)
      waiting.delete(message.id)
      if (!answer) for (const heard of listening) heard(message)
      else if (message.error) answer.reject(new Error(`${answer.method}: ${message.error.message}`))
      else answer.resolve(message.result)
    }
  })
  void ended.then((code) => {
    for (const { reject } of waiting.values()) reject(new Error(`The browser ended (${code}). It said: ${told}`))
  })
  input.on('error', () => {})
  let last = 0
  const send = (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++last
      waiting.set(id, { method, resolve, reject })
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
  const call = (method, params) => send(method, params, sessionId)
  await call('Page.enable')
  await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  /** Goes to an address and waits until it is there. */
  async function visit(address) {
    const loaded = new Promise((resolve) => {
      listening.add(function heard({ method }) {
        if (method === 'Page.loadEventFired' && listening.delete(heard)) resolve()
      })
    })
    const { errorText } = await call('Page.navigate', { url: address })
    if (errorText) throw new Error(`${address}: ${errorText}`)
    await loaded
  }
  await visit(url)
  return {
    visit,
    /** Evaluates an expression in the page and returns its value. */
    async read(expression) {
      const { result, exceptionDetails } = await call('Runtime.evaluate', { expression, returnByValue: true })
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
      return result.value
    },
    /** A picture of the whole page, as PNG. */
    async screenshot() {
      const { cssContentSize } = await call('Page.getLayoutMetrics')
      const clip = { x: 0, y: 0, width, height: Math.ceil(cssContentSize.height), scale: 1 }
      const { data } = await call('Page.captureScreenshot', { format: 'png', clip, captureBeyondViewport: true })
      return Buffer.from(data, 'base64')
    },
  }
}
