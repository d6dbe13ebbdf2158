// rest-typings 8 is made for bundlers: it imports folders and files without their ending. This
// teaches node to find them.
//
//   node --import ./bundler.mjs SCRIPT
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (!['ERR_UNSUPPORTED_DIR_IMPORT', 'ERR_MODULE_NOT_FOUND'].includes(error.code)) throw error;
    // A file wins over a folder of the same name.
    return next(`${specifier}.js`, context).catch(() => next(`${specifier}/index.js`, context));
  }
}

if (isMainThread) register(import.meta.url);
