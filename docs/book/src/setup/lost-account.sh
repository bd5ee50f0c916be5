# What happened before "An account is gone". The profile `archive` is of the vault's account, `rescue` of another one.
# What an earlier practice left is deleted first.
aws ssm get-parameters-by-path --path /shop --recursive --query 'Parameters[].[Name]' --output text |
    xargs -r -n 10 aws ssm delete-parameters --output text --names >/dev/null
sleep 1.1
key() {
    aws kms describe-key --key-id "$1" "${@:2}" >/dev/null 2>&1 ||
        aws kms create-alias --alias-name "$1" --target-key-id "$(aws kms create-key --query KeyMetadata.KeyId --output text "${@:2}")" "${@:2}"
}
key alias/shop
key alias/rescue --profile rescue
