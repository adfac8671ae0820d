package awssim

import (
	"net/http"
	"slices"
	"strings"
)

// scope is what a signature says about its request. Signatures themselves are not checked.
type scope struct {
	key     string
	region  string
	service serviceName
}

// signingNames maps the names services sign with to the names IAM knows them by.
var signingNames = map[string]serviceName{
	"ec2":                  ec2Service,
	"autoscaling":          scalingService,
	"elasticloadbalancing": elbService,
	"sts":                  stsService,
	"monitoring":           alarmService,
	"ssm":                  ssmService,
}

// readScope takes key, region and service from a SigV4 credential such as
// `AKIA…/20260102/eu-west-1/ec2/aws4_request`.
func readScope(r *http.Request) scope {
	credential := r.URL.Query().Get("X-Amz-Credential")
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		credential, _, _ = strings.Cut(rest, ",")
	}
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return scope{}
	}
	last := parts[len(parts)-4:]
	return scope{
		key:     strings.Join(parts[:len(parts)-4], "/"),
		region:  last[1],
		service: signingNames[last[2]],
	}
}

// identity is who calls.
type identity struct {
	account string
	arn     string
	userID  string
}

// session is what AssumeRole handed out.
type session struct{ identity }

// identify finds the account behind an access key: that of the assumed role, that of a key which is an
// account number itself, or the default account.
func (c *Cloud) identify(key string) identity {
	if s, ok := c.sessions[key]; ok {
		return s.identity
	}
	account := c.opts.Account
	if isAccount(key) {
		account = key
	}
	return identity{account: account, arn: "arn:aws:iam::" + account + ":user/local", userID: "AIDALOCAL"}
}

func isAccount(text string) bool {
	return len(text) == 12 && strings.Trim(text, "0123456789") == ""
}

// Deny forbids actions such as "ec2:CreateImage" or "autoscaling:*" from now on.
func (c *Cloud) Deny(actions ...string) {
	defer c.lock()()
	c.denied = append(c.denied, actions...)
}

// Allow takes denials back.
func (c *Cloud) Allow(actions ...string) {
	defer c.lock()()
	c.denied = slices.DeleteFunc(c.denied, func(d string) bool { return slices.Contains(actions, d) })
}

// permitted reports whether the caller may do what it asks.
func (c *Cloud) permitted(k *call) error {
	full := string(k.service) + ":" + k.action
	if !slices.Contains(c.denied, full) && !slices.Contains(c.denied, string(k.service)+":*") {
		return nil
	}
	code, message := "AccessDenied", "User: "+k.caller.arn+" is not authorized to perform: "+full+
		" because no identity-based policy allows the "+full+" action"
	if k.service == ec2Service {
		code, message = "UnauthorizedOperation", "You are not authorized to perform this operation. "+message
	}
	if k.service == ssmService {
		return refuse("AccessDeniedException", "%s", message)
	}
	return &apiError{status: http.StatusForbidden, code: code, message: message}
}
