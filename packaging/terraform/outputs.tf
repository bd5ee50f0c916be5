# Generated from the template: BOOK=overwrite cargo test --workspace --test it terraform

output "bucketname" {
  description = "The versioned bucket with the history"
  value       = aws_cloudformation_stack.this.outputs["Bucketname"]
}

output "dead_letters_url" {
  description = "URL of the queue with the changes that could not be recorded"
  value       = aws_cloudformation_stack.this.outputs["DeadLettersUrl"]
}

output "function_log_group" {
  description = "The log group of the function"
  value       = aws_cloudformation_stack.this.outputs["FunctionLogGroup"]
}

output "function_name" {
  description = "The function that records changes"
  value       = aws_cloudformation_stack.this.outputs["FunctionName"]
}

output "old_messages_alarm" {
  description = "Name of the alarm on changes that wait for too long"
  value       = aws_cloudformation_stack.this.outputs["OldMessagesAlarm"]
}

output "q_arn" {
  description = "ARN of the queue"
  value       = aws_cloudformation_stack.this.outputs["QArn"]
}

output "q_url" {
  description = "URL of the queue"
  value       = aws_cloudformation_stack.this.outputs["QUrl"]
}

output "replication_role_arn" {
  description = "ARN of the role that S3 replicates the bucket with"
  value       = lookup(aws_cloudformation_stack.this.outputs, "ReplicationRoleArn", null)
}

output "undelivered_events_url" {
  description = "URL of the queue with the changes that EventBridge could not deliver"
  value       = aws_cloudformation_stack.this.outputs["UndeliveredEventsUrl"]
}

output "version" {
  description = "The version of ssmbak that the template is of"
  value       = aws_cloudformation_stack.this.outputs["Version"]
}

output "visible_messages_alarm" {
  description = "Name of the alarm on a queue that does not get empty"
  value       = aws_cloudformation_stack.this.outputs["VisibleMessagesAlarm"]
}
