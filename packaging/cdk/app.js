// An example: `npm install && npx cdk deploy --app "node app.js"`.

const { App } = require('aws-cdk-lib');
const { SsmbakStack } = require('./ssmbak');

const app = new App();
new SsmbakStack(app, 'ssmbak', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  terminationProtection: true,
  parameters: { RetentionDays: 365, AlarmEmail: 'ops@example.com' },
});
