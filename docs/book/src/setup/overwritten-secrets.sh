# What happened before "A deploy overwrote secrets".
# What an earlier practice left is deleted first.
aws ssm get-parameters-by-path --path /shop --recursive --query 'Parameters[].[Name]' --output text |
    xargs -r -n 10 aws ssm delete-parameters --output text --names >/dev/null
sleep 1.1
put() {
    aws ssm put-parameter --name "$1" --type "$2" --value "$3" "${@:4}" >/dev/null
}
put /shop/api/token SecureString tok-4711
put /shop/host String alpha.example.com
sleep 1.1
put /shop/db/password SecureString 'correct horse'
ssmbak-all --do-it
sleep 1.1
# The deploy.
put /shop/api/token SecureString changeme --overwrite
put /shop/db/password SecureString changeme --overwrite
put /shop/host String beta.example.com --overwrite
