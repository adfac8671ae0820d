package bake

import (
	"strings"
	"testing"

	"github.com/amiral-ops/amiral/internal/ledger"
	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

// vault runs an instance whose volumes are encrypted with a key.
func (w *world) vault(key string) string {
	w.t.Helper()
	w.aws.AddImage(awssim.Image{ID: "ami-00ec", Name: "vault", Key: key})
	id, err := w.aws.AddInstance(awssim.Instance{Name: "vault-1", Image: "ami-00ec"})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(id)
}

// TestAKeyThatIsRefusedIsNamed for the image, and for a copy in another account, which AWS tells of long afterwards.
func TestAKeyThatIsRefusedIsNamed(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:123456789012:key/images"
	w := newWorld(t)
	id := w.vault(key)
	w.propose(Want{Instance: id, Way: Reboot, CopyTo: []Place{{Environment: "other", Region: "eu-central-1", Account: accountB}}})
	w.finish(ledger.Failed)
	w.wantLine("The copy to other, eu-central-1 failed: AWS could not make it. AWS says: Client.InternalError: Given key ID is not accessible.")
	w.wantLine("The account " + accountB + " must be allowed to use the KMS key " + key + " (kms:DescribeKey, kms:CreateGrant, kms:Decrypt, kms:ReEncrypt*). Once that is cured, `/ami copy " +
		string(w.data().Image) + " --to other` makes it.")

	w = newWorld(t)
	w.propose(Want{Instance: w.vault(key), Way: Reboot})
	w.sim.Faults().Add(awssim.Fault{Kind: awssim.FaultKey})
	w.finish(ledger.Failed)
	w.wantOutcome("Its volumes are encrypted: my role must be allowed to use the KMS key " + key + " (kms:DescribeKey, kms:CreateGrant, kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt*).")
}

func TestWhatAWSsOwnKeyEncryptsIsForNobodyElse(t *testing.T) {
	w := newWorld(t)
	facts, err := Gather(t.Context(), w.fleet, "prod", Want{Instance: w.vault("alias/aws/ebs"), Share: []string{accountB}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(facts, Want{Instance: "vault-1", Share: []string{accountB}})
	if err != nil {
		t.Fatal(err)
	}
	if stops := p.Brief().Stops(); len(stops) != 1 || !strings.Contains(stops[0].Text, "encrypted with AWS's own key for EBS, which no other account can use.") {
		t.Errorf("got %+v in the way", stops)
	}
}
