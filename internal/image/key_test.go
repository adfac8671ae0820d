package image

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

const ownKey = "arn:aws:kms:eu-west-1:123456789012:key/images"

// encrypted adds an image whose volumes are encrypted with a key.
func (w *world) encrypted(key string) fleet.ImageID {
	return fleet.ImageID(w.aws.AddImage(awssim.Image{ID: "ami-00ec", Name: "vault-1", Key: key}))
}

// TestAnImageWithAWSsOwnKeyIsNotShared, nor copied by another account: nobody can grant that key.
func TestAnImageWithAWSsOwnKeyIsNotShared(t *testing.T) {
	w := newWorld(t)
	id := w.encrypted("alias/aws/ebs")
	share, err := w.share(ShareWant{Image: id, With: []Party{{Account: other}}})
	if err != nil {
		t.Fatal(err)
	}
	copying, err := w.copying(CopyWant{Image: id, To: []Destination{{Environment: "stage"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := "true vault-1 (ami-00ec) is encrypted with AWS's own key for EBS, which no other account can use. " +
		"`/ami copy ami-00ec --to eu-west-1 --name <name> --kms-key <key>` makes one with a key of your own."
	for _, p := range []planned{share, copying} {
		if got := findings(p); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if p, err := w.copying(CopyWant{Image: id, To: []Destination{{Environment: "prod", Region: "eu-central-1"}}}); err != nil || len(p.Findings) > 0 {
		t.Errorf("got %s, %v, want nothing in the way of the account itself", findings(p), err)
	}
}

// TestAKeyOfOnesOwnIsNamed in the warning, and where AWS refuses what did not look like its own key.
func TestAKeyOfOnesOwnIsNamed(t *testing.T) {
	w := newWorld(t)
	id := w.encrypted(ownKey)
	p, err := w.share(ShareWant{Image: id, With: []Party{{Account: other}}})
	if err != nil || !strings.Contains(findings(p), "false The image is encrypted: they need the KMS key "+ownKey+" to launch it. Whoever keeps the key must allow them kms:DescribeKey, kms:CreateGrant, kms:Decrypt") {
		t.Fatalf("got %s, %v", findings(p), err)
	}
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultError, Action: "ModifyImageAttribute", Code: "InvalidParameter", Message: "Snapshots encrypted with the AWS Managed CMK can't be shared", Times: 1})
	w.begin(p, nil)
	w.finish(ledger.Failed, "AWS refused to share ami-00ec: Snapshots encrypted with the AWS Managed CMK can't be shared.", "It is encrypted with the KMS key "+ownKey+".",
		"`/ami copy ami-00ec --to eu-west-1 --name <name> --kms-key <key>`")
}

// TestACopyWhoseKeyIsRefused tells which key, and what it must allow: AWS says so long after it took the order.
func TestACopyWhoseKeyIsRefused(t *testing.T) {
	w := newWorld(t)
	id := w.encrypted(ownKey)
	w.begin(w.copying(CopyWant{Image: id, To: []Destination{{Environment: "stage"}}}))
	w.rec.Command = "/ami copy vault-1 --to stage"
	w.finish(ledger.Failed, "In stage the copy ami-", "Given key ID is not accessible.",
		"It is encrypted: my role in stage must be allowed to use the default key for EBS there (kms:DescribeKey, kms:CreateGrant, kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt*).",
		"The KMS key "+ownKey+" must be granted to the account "+other+" (kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:ReEncrypt*).",
		"Once that is cured, `/ami copy vault-1 --to stage` tries again.")
	w.sim.Account(other).Region("eu-west-1").AddEncryptionKey(ownKey)
	w.begin(w.copying(CopyWant{Image: id, To: []Destination{{Environment: "stage"}}}))
	w.rec.ID = "op-again"
	w.finish(ledger.Succeeded)

	w.begin(w.copying(CopyWant{Image: "ami-0001", To: []Destination{{Environment: "prod", Region: "eu-central-1"}}, Key: "alias/images"}))
	w.finish(ledger.Failed, "In eu-central-1 the copy ami-", "my role in eu-central-1 must be allowed to use the KMS key alias/images (kms:DescribeKey,")
	if strings.Contains(w.rec.Outcome, "must be granted to the account") {
		t.Errorf("got %q, want nothing of other accounts", w.rec.Outcome)
	}
	w.sim.Region("eu-central-1").AddEncryptionKey("alias/images")
	w.begin(w.copying(CopyWant{Image: "ami-0001", To: []Destination{{Environment: "prod", Region: "eu-central-1"}}, Key: "alias/images"}))
	w.rec.ID = "op-again-2"
	w.finish(ledger.Succeeded)
	there, _ := w.at("prod", "eu-central-1")
	made, err := there.ImageNamed(t.Context(), "web-1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keys(t.Context(), there, made); err != nil || len(got) != 1 || got[0] != "alias/images" {
		t.Errorf("got it encrypted with %v, %v, want alias/images", got, err)
	}
}

func TestAKeyIsOfTheRegionOfTheCopy(t *testing.T) {
	w := newWorld(t)
	p, err := w.copying(CopyWant{Image: "ami-0001", To: []Destination{{Environment: "prod", Region: "eu-central-1"}}, Key: ownKey})
	if err != nil || !strings.Contains(findings(p), "true The KMS key is in eu-west-1, and the copy in eu-central-1 needs one there.") {
		t.Errorf("got %s, %v", findings(p), err)
	}
	_, err = w.copying(CopyWant{Image: "ami-0001", To: []Destination{{Environment: "prod", Region: "eu-central-1"}}, Key: "my key"})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "`my key` is no KMS key.") {
		t.Errorf("got %v", err)
	}
}
