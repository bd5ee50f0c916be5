# Generated from the template: BOOK=overwrite cargo test --workspace --test it terraform

variable "access_log_bucket" {
  description = "The bucket that takes the access log of the bucket with the history; its policy has to let logging.s3 of AWS write. Empty for no log."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_log_bucket))
    error_message = "access_log_bucket must match ^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$."
  }
}

variable "alarm_email" {
  description = "Whom to tell of alarms. AWS sends a message first that has to be confirmed. Empty for nobody."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^[^@\\s]+@[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email must match ^$|^[^@\\s]+@[^@\\s]+$."
  }
}

variable "architecture" {
  description = "What the function's code was built for. ssmbak-stack fills this in."
  type        = string
  default     = "x86_64"
  nullable    = false
  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be one of \"x86_64\", \"arm64\"."
  }
}

variable "code_bucket_regional" {
  description = "Whether the bucket of the function's code is called CodeBucket-REGION, so that one value is good for all regions of a StackSet. ssmbak-stack fills this in."
  type        = string
  default     = "false"
  nullable    = false
  validation {
    condition     = contains(["true", "false"], var.code_bucket_regional)
    error_message = "code_bucket_regional must be one of \"true\", \"false\"."
  }
}

variable "deletions_within_seconds" {
  description = "The time within which ManyDeletions counts."
  type        = number
  default     = 300
  nullable    = false
  validation {
    condition     = contains([60, 300, 900, 3600], var.deletions_within_seconds)
    error_message = "deletions_within_seconds must be one of 60, 300, 900, 3600."
  }
}

variable "exclude" {
  description = "Globs, with spaces between them, of names that are never recorded, such as /ci/** *_token."
  type        = string
  default     = ""
  nullable    = false
}

variable "excluded_names" {
  description = "What of Exclude the event rule can tell by itself, as its wildcards, so that such changes cost nothing. ssmbak-stack fills this in."
  type        = string
  default     = ""
  nullable    = false
}

variable "existing_bucket" {
  description = "The versioned bucket that holds the history, if the stack shall not make one. Its encryption, policy and lifecycle rules are its owner's affair. One bucket for each account and region."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.existing_bucket))
    error_message = "existing_bucket must match ^$|^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$."
  }
}

variable "include" {
  description = "Globs, with spaces between them, of the names that are recorded, such as /prod/** /shared/**. Empty for all."
  type        = string
  default     = ""
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that the bucket's objects are encrypted with, of the bucket's region and never an alias; empty for keys of S3 itself. Whoever previews or restores needs kms:Decrypt on it."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must match ^$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$."
  }
}

variable "log_level" {
  description = "How much the function logs - ERROR, WARN, INFO, DEBUG or TRACE."
  type        = string
  default     = "INFO"
  nullable    = false
  validation {
    condition     = length(var.log_level) >= 1
    error_message = "log_level must have a length of at least 1."
  }
}

variable "log_retention_days" {
  description = "For how many days the function's log is kept."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "max_requests_per_second" {
  description = "How many requests per second a sweep sends at most to each API of Parameter Store and of tagging. 0 is unlimited."
  type        = number
  default     = 5
  nullable    = false
  validation {
    condition     = var.max_requests_per_second >= 0
    error_message = "max_requests_per_second must be at least 0."
  }
}

variable "metrics" {
  description = "Whether the function writes metrics (events, lag, versions, deletions, drift), with a dashboard and the alarms ManyDeletions and DriftFound. CloudWatch charges for them."
  type        = string
  default     = "false"
  nullable    = false
  validation {
    condition     = contains(["true", "false"], var.metrics)
    error_message = "metrics must be one of \"true\", \"false\"."
  }
}

variable "object_lock_days" {
  description = "For how many days Object Lock protects what was recorded, if ObjectLockMode asks for it."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.object_lock_days <= 36500
    error_message = "object_lock_days must be at most 36500."
  }
  validation {
    condition     = var.object_lock_days >= 1
    error_message = "object_lock_days must be at least 1."
  }
}

variable "object_lock_mode" {
  description = "Whether nobody can delete what was recorded for ObjectLockDays - GOVERNANCE (but for those with a special permission) or COMPLIANCE (nobody at all). Only when the stack is created - it would exchange a bucket that exists."
  type        = string
  default     = "NONE"
  nullable    = false
  validation {
    condition     = contains(["NONE", "GOVERNANCE", "COMPLIANCE"], var.object_lock_mode)
    error_message = "object_lock_mode must be one of \"NONE\", \"GOVERNANCE\", \"COMPLIANCE\"."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the policy that bounds the permissions of the function's role. Empty for no bound."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must match ^$|^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$."
  }
}

variable "pipeline_kms_key_arn" {
  description = "ARN of the KMS key that log, queues and the topic of the alarms are encrypted with, never an alias; empty for keys of AWS. Its policy has to let logs, events, cloudwatch and sns of AWS use it."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.pipeline_kms_key_arn))
    error_message = "pipeline_kms_key_arn must match ^$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$."
  }
}

variable "policies" {
  description = "Whether the stack makes two IAM policies for people - ViewerPolicy, to preview and look further, and RestorerPolicy, to restore as well (together with the first)."
  type        = string
  default     = "false"
  nullable    = false
  validation {
    condition     = contains(["true", "false"], var.policies)
    error_message = "policies must be one of \"true\", \"false\"."
  }
}

variable "policies_path" {
  description = "The path of the parameters that the two policies are about, without its first slash, such as team-a/. Empty for all."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^([a-zA-Z0-9_.-]+/)*$", var.policies_path))
    error_message = "policies_path must match ^([a-zA-Z0-9_.-]+/)*$."
  }
}

variable "rehearsal" {
  description = "How often a second function restores a sample into /newvoll/ssmbak/drill-rehearsal-*, compares and deletes it, as cron(...) or rate(...) of at most 6 days. Empty for never."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^cron\\([^()]+\\)$|^rate\\((1 day|[2-6] days|1 hour|[1-9][0-9]? hours)\\)$", var.rehearsal))
    error_message = "rehearsal must match ^$|^cron\\([^()]+\\)$|^rate\\((1 day|[2-6] days|1 hour|[1-9][0-9]? hours)\\)$."
  }
}

variable "retention_days" {
  description = "For how many days a replaced or deleted value can be restored. 0 keeps everything."
  type        = number
  default     = 0
  nullable    = false
  validation {
    condition     = var.retention_days <= 36500
    error_message = "retention_days must be at most 36500."
  }
  validation {
    condition     = var.retention_days >= 0
    error_message = "retention_days must be at least 0."
  }
}

variable "sweep_schedule" {
  description = "How often everything is compared with Parameter Store, so that lost events are made up for, as rate(...) or cron(...)."
  type        = string
  default     = "rate(1 day)"
  nullable    = false
  validation {
    condition     = can(regex("^(rate|cron)\\([^()]+\\)$", var.sweep_schedule))
    error_message = "sweep_schedule must match ^(rate|cron)\\([^()]+\\)$."
  }
}

variable "threshold_age_of_oldest_message" {
  description = "The alarm OldMessages goes off when a change has waited for longer than this many seconds."
  type        = string
  default     = "3600"
  nullable    = false
  validation {
    condition     = can(regex("^[0-9]+$", var.threshold_age_of_oldest_message))
    error_message = "threshold_age_of_oldest_message must match ^[0-9]+$."
  }
}

variable "threshold_days_without_sweep" {
  description = "The alarm SweepMissing goes off when no sweep was finished for this many days."
  type        = number
  default     = 2
  nullable    = false
  validation {
    condition     = var.threshold_days_without_sweep <= 7
    error_message = "threshold_days_without_sweep must be at most 7."
  }
  validation {
    condition     = var.threshold_days_without_sweep >= 1
    error_message = "threshold_days_without_sweep must be at least 1."
  }
}

variable "threshold_deletions" {
  description = "With Metrics, the alarm ManyDeletions goes off when more parameters than this are deleted within DeletionsWithinSeconds."
  type        = number
  default     = 10
  nullable    = false
  validation {
    condition     = var.threshold_deletions >= 0
    error_message = "threshold_deletions must be at least 0."
  }
}

variable "threshold_function_errors" {
  description = "The alarm FunctionErrors goes off when the function ends by an error more often than this in an hour."
  type        = number
  default     = 2
  nullable    = false
  validation {
    condition     = var.threshold_function_errors >= 0
    error_message = "threshold_function_errors must be at least 0."
  }
}

variable "threshold_number_of_messages_visible" {
  description = "The alarm VisibleMessages goes off when more changes than this wait for twenty minutes on end."
  type        = string
  default     = "0"
  nullable    = false
  validation {
    condition     = can(regex("^[0-9]+$", var.threshold_number_of_messages_visible))
    error_message = "threshold_number_of_messages_visible must match ^[0-9]+$."
  }
}

variable "vault_account_id" {
  description = "The account that owns the bucket VaultBucketArn. Empty if it is the account of this stack."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^[0-9]{12}$", var.vault_account_id))
    error_message = "vault_account_id must match ^$|^[0-9]{12}$."
  }
}

variable "vault_bucket_arn" {
  description = "ARN of the bucket of another account or region that S3 replicates the history into, for nothing else than this; `ssmbak-stack NAME create-vault` makes one. Empty for none."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.vault_bucket_arn))
    error_message = "vault_bucket_arn must match ^$|^arn:[a-z-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$."
  }
}

variable "vault_kms_key_arn" {
  description = "ARN of the KMS key that replicas are encrypted with, of the vault's region. Needed with KmsKeyArn, and only then - replicas of what S3's own keys encrypt are encrypted with S3's own keys."
  type        = string
  default     = ""
  nullable    = false
  validation {
    condition     = can(regex("^$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.vault_kms_key_arn))
    error_message = "vault_kms_key_arn must match ^$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$."
  }
}

locals {
  parameters = {
    AccessLogBucket                  = var.access_log_bucket
    AlarmEmail                       = var.alarm_email
    Architecture                     = var.architecture
    CodeBucketRegional               = var.code_bucket_regional
    DeletionsWithinSeconds           = var.deletions_within_seconds
    Exclude                          = var.exclude
    ExcludedNames                    = var.excluded_names
    ExistingBucket                   = var.existing_bucket
    Include                          = var.include
    KmsKeyArn                        = var.kms_key_arn
    LogLevel                         = var.log_level
    LogRetentionDays                 = var.log_retention_days
    MaxRequestsPerSecond             = var.max_requests_per_second
    Metrics                          = var.metrics
    ObjectLockDays                   = var.object_lock_days
    ObjectLockMode                   = var.object_lock_mode
    PermissionsBoundaryArn           = var.permissions_boundary_arn
    PipelineKmsKeyArn                = var.pipeline_kms_key_arn
    Policies                         = var.policies
    PoliciesPath                     = var.policies_path
    Rehearsal                        = var.rehearsal
    RetentionDays                    = var.retention_days
    SweepSchedule                    = var.sweep_schedule
    ThresholdAgeOfOldestMessage      = var.threshold_age_of_oldest_message
    ThresholdDaysWithoutSweep        = var.threshold_days_without_sweep
    ThresholdDeletions               = var.threshold_deletions
    ThresholdFunctionErrors          = var.threshold_function_errors
    ThresholdNumberOfMessagesVisible = var.threshold_number_of_messages_visible
    VaultAccountId                   = var.vault_account_id
    VaultBucketArn                   = var.vault_bucket_arn
    VaultKmsKeyArn                   = var.vault_kms_key_arn
  }
}
