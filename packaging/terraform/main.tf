# The stack of ssmbak as a Terraform module. variables.tf and outputs.tf are generated from the template.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "name" {
  description = "Name of the stack, and of its function and rule."
  type        = string
  default     = "ssmbak"
  nullable    = false
  validation {
    condition     = can(regex("^[a-zA-Z][a-zA-Z0-9-]{0,63}$", var.name))
    error_message = "The name must be a letter, then letters, digits and hyphens, at most 64 characters."
  }
}

variable "code_bucket" {
  description = "Bucket for the function's code, in the stack's region. The module makes one if it is null."
  type        = string
  default     = null
}

variable "code_key" {
  description = "Key of code that is in code_bucket already. The module uploads the code if it is null."
  type        = string
  default     = null
}

variable "function_zip" {
  description = "File with the function's code. The one of the release, for architecture, if it is null."
  type        = string
  default     = null
}

variable "template" {
  description = "File with the template. The one of the release if it is null."
  type        = string
  default     = null
}

variable "role_arn" {
  description = "ARN of the role that CloudFormation deploys with. The caller's permissions if it is null."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of the stack and of every resource in it."
  type        = map(string)
  default     = {}
  nullable    = false
}

locals {
  function_zip = coalesce(var.function_zip, "${path.module}/../ssmbak-lambda-${var.architecture}.zip")
  template     = coalesce(var.template, "${path.module}/../template.yml")
  code_bucket  = var.code_bucket == null ? one(aws_s3_bucket.code[*].bucket) : var.code_bucket
  # CloudFormation updates the function only when the key changes, so the key names the content.
  code_key = var.code_key == null ? one(aws_s3_object.code[*].key) : var.code_key
}

resource "aws_s3_bucket" "code" {
  count         = var.code_bucket == null ? 1 : 0
  bucket_prefix = "ssmbak-artifacts-"
  force_destroy = true
  tags          = var.tags
}

resource "aws_s3_bucket_public_access_block" "code" {
  count                   = length(aws_s3_bucket.code)
  bucket                  = aws_s3_bucket.code[count.index].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "code" {
  count        = var.code_key == null ? 1 : 0
  bucket       = local.code_bucket
  key          = "ssmbak-lambda/${filesha256(local.function_zip)}.zip"
  source       = local.function_zip
  content_type = "application/zip"
  # A rollback needs the old code until the update is over.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "this" {
  name          = var.name
  template_body = file(local.template)
  parameters    = merge(local.parameters, { CodeBucket = local.code_bucket, CodeKey = local.code_key })
  capabilities  = ["CAPABILITY_IAM"]
  iam_role_arn  = var.role_arn
  # `ssmbak-stack list` finds a stack by this tag.
  tags = merge(var.tags, { "ssmbak:managed" = "true" })

  lifecycle {
    precondition {
      condition     = var.code_key == null || var.code_bucket != null
      error_message = "code_key needs code_bucket: name the bucket that has the code, or leave both null."
    }
  }
}
