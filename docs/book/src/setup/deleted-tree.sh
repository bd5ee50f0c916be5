# What happened before "Someone deleted a tree".
# What an earlier practice left is deleted first.
aws ssm get-parameters-by-path --path /shop --recursive --query 'Parameters[].[Name]' --output text |
    xargs -r -n 10 aws ssm delete-parameters --output text --names >/dev/null
sleep 1.1
put() {
    aws ssm put-parameter --name "$1" --type "$2" --value "$3" "${@:4}" >/dev/null
}
put /shop/db/user String shop
put /shop/db/password SecureString 'correct horse'
put /shop/host String alpha.example.com
sleep 1.1
put /shop/host String beta.example.com --overwrite
ssmbak-all --do-it
# While nobody records, a parameter comes into being.
aws events disable-rule --name backups
put /shop/cache String redis-1
aws events enable-rule --name backups
for name in /shop/host /shop/db/user /shop/db/password /shop/cache; do
    sleep 1.1
    aws ssm delete-parameter --name "$name"
done
