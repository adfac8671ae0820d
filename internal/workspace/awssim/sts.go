package awssim

import (
	"fmt"
	"strings"
	"time"
)

func identityActions() map[string]action {
	return map[string]action{
		"GetCallerIdentity": getCallerIdentity,
		"AssumeRole":        assumeRole,
	}
}

func getCallerIdentity(k *call) ([]elem, error) {
	return []elem{
		text("UserId", k.caller.userID),
		text("Account", k.caller.account),
		text("Arn", k.caller.arn),
	}, nil
}

// assumeRole hands out keys whose calls land in the account of the role.
func assumeRole(k *call) ([]elem, error) {
	if err := k.need("RoleArn", "RoleSessionName"); err != nil {
		return nil, err
	}
	arn, name := k.p.str("RoleArn"), k.p.str("RoleSessionName")
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[2] != "iam" || !isAccount(parts[4]) || !strings.HasPrefix(parts[5], "role/") {
		return nil, invalid("%s is invalid", arn)
	}
	life := time.Duration(k.num(3600, "DurationSeconds")) * time.Second
	if err := k.ready(); err != nil {
		return nil, err
	}
	role := parts[5][strings.LastIndex(parts[5], "/")+1:]
	who := identity{
		account: parts[4],
		arn:     fmt.Sprintf("arn:aws:sts::%s:assumed-role/%s/%s", parts[4], role, name),
		userID:  "AROALOCAL:" + name,
	}
	key := fmt.Sprintf("ASIA%016X", k.cloud.random.Uint64())
	k.cloud.sessions[key] = session{who}
	return []elem{
		el("Credentials",
			text("AccessKeyId", key),
			text("SecretAccessKey", "local"),
			text("SessionToken", "local"),
			when("Expiration", k.cloud.now.Add(life))),
		el("AssumedRoleUser", text("AssumedRoleId", who.userID), text("Arn", who.arn)),
		num("PackedPolicySize", 0),
	}, nil
}
