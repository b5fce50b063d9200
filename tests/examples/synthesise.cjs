// `node synthesise.cjs JOBS`: synthesises a compiled app once for each entry of JOBS (JSON), in one process, since
// loading the CDK is most of the time. An entry has a directory to work in, one to write into, the context of cdk.json,
// the app, and the module to take in place of `migrations`. Prints the error of each, or null, as a list of JSON.
const path = require('node:path');

const [, , jobs] = process.argv;

function error({ directory, output, context, app, migrations }) {
  const build = path.join(directory, 'build');
  Object.assign(process.env, { CDK_OUTDIR: output, CDK_CONTEXT_JSON: JSON.stringify(context) });
  process.chdir(directory);
  for (const loaded of Object.keys(require.cache)) if (!loaded.includes('node_modules')) delete require.cache[loaded];
  require.cache[path.join(build, 'migrations.js')] = { exports: require(path.join(build, `${migrations}.js`)) };
  try {
    require(path.join(build, app));
    return null;
  } catch (thrown) {
    return thrown.message;
  }
}

process.stdout.write(`${JSON.stringify(JSON.parse(jobs).map(error))}\n`);
