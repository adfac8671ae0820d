package ledger

import "testing"

func TestJudgeVersion(t *testing.T) {
	t.Parallel()
	for version, refuse := range map[string]bool{
		"5.0.14": true, "6.0.20": true, "6.2.0": false, "7.0.15": false, "8.4": false, "255.255.255": false, "unstable": false,
	} {
		if f, bad := judgeVersion(version); bad != refuse {
			t.Errorf("%s: got %t (%s), want %t", version, bad, f.Text, refuse)
		}
	}
}
