// The stack of ssmbak for the CDK: the template as it is, with its logical ids, and the function's code as an asset.

const path = require('node:path');
const { Stack, aws_s3_assets: assets, cloudformation_include: include } = require('aws-cdk-lib');

/**
 * A stack with the pipeline. `props.parameters` takes the template's parameters by name, such as
 * `{ RetentionDays: 365 }`; what is left out has the template's default.
 */
class SsmbakStack extends Stack {
  constructor(scope, id, { parameters = {}, template, functionZip, ...props } = {}) {
    // `ssmbak-stack list` finds a stack by this tag.
    super(scope, id, { ...props, tags: { ...props.tags, 'ssmbak:managed': 'true' } });
    const beside = (file) => path.join(__dirname, '..', file);
    const architecture = parameters.Architecture ?? 'x86_64';
    // The asset's key names its content, by which CloudFormation sees that the code is new.
    const code = new assets.Asset(this, 'Code', { path: functionZip ?? beside(`ssmbak-lambda-${architecture}.zip`) });
    this.template = new include.CfnInclude(this, 'Template', {
      templateFile: template ?? beside('template.yml'),
      parameters: { ...parameters, CodeBucket: code.s3BucketName, CodeKey: code.s3ObjectKey },
    });
  }
}

module.exports = { SsmbakStack };
