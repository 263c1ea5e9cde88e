// Reads SQL files with Trino's grammar, which is Athena's. usage: node trino.mjs FILE...
import { readFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
import { pathToFileURL } from 'node:url'

// The parser is published for bundlers, which find folders and files without an ending; node does not.
register('data:text/javascript,' + encodeURIComponent(`
export async function resolve(specifier, context, next) {
  for (const name of [specifier, specifier + '.js', specifier + '/index.js']) {
    try {
      return await next(name, context)
    } catch (error) {
      if (!['ERR_MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT'].includes(error.code)) throw error
    }
  }
  return next(specifier, context)
}`))

const packages = createRequire(new URL('../../e2e/package.json', import.meta.url))
const { TrinoSQL } = await import(pathToFileURL(packages.resolve('dt-sql-parser')))
const parser = new TrinoSQL()
let read = 0
for (const file of process.argv.slice(2)) {
  const errors = parser.validate(readFileSync(file, 'utf8'))
  for (const error of errors) console.error(`${file}:${error.startLine}:${error.startColumn} ${error.message}`)
  if (errors.length === 0) read += 1
  else process.exitCode = 1
}
console.log(`${read} read`)
