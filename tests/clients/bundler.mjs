// rest-typings 7 and 8 are made for bundlers: modules that do not say that they are, importing folders
// and files without their ending. This teaches node to read them.
//
//   node --import ./bundler.mjs SCRIPT
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const MODULES = /\/(rest-typings-7|@rocket\.chat\/rest-typings)\/dist\//;

async function found(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!['ERR_UNSUPPORTED_DIR_IMPORT', 'ERR_MODULE_NOT_FOUND'].includes(error.code)) throw error;
    // A file wins over a folder of the same name.
    return next(`${specifier}.js`, context).catch(() => next(`${specifier}/index.js`, context));
  }
}

export async function resolve(specifier, context, next) {
  const file = await found(specifier, context, next);
  return MODULES.test(file.url) ? { ...file, format: 'module' } : file;
}

if (isMainThread) register(import.meta.url);
