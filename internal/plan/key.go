package plan

// What a KMS key must allow those who work with what it encrypts.
const (
	KeyReads  = "kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:ReEncrypt*"                         // to read or launch it
	KeyWrites = "kms:DescribeKey, kms:CreateGrant, kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt*" // to make it
)
