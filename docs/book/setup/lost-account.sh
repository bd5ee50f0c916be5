# What happened before "An account is gone". The profile `rescue` is of another account.
put() {
    aws ssm put-parameter --name "$1" --type "$2" --value "$3" "${@:4}" >/dev/null
}
# The bucket of a third account, the archive, which lets the account `rescue` in. (Here it belongs to the first one.)
aws s3api create-bucket --bucket shop-history >/dev/null
aws s3api put-bucket-versioning --bucket shop-history --versioning-configuration Status=Enabled
cat >policy.json <<'END'
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
 "Action": "s3:*", "Resource": ["arn:aws:s3:::shop-history", "arn:aws:s3:::shop-history/*"]}]}
END
aws s3api put-bucket-policy --bucket shop-history --policy file://policy.json
# What stands for S3's replication into it.
replicate() {
    ssmbak-all --do-it
    s3bak restore '' now -R -b "$(ssmbak-stack backups bucketname)" --to s3://shop-history/
}
put /shop/host String alpha.example.com
put /shop/db/user String shop
put /shop/db/password SecureString 'correct horse'
replicate
sleep 1.1
put /shop/host String beta.example.com --overwrite
replicate
sleep 1.1
