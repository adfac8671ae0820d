package cloud

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fault"
	"github.com/amiral-ops/amiral/internal/fleet"
)

// assumed is the answer of an account whose role trusts the bot.
var assumed = always(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>from-role</AccessKeyId>` +
	`<SecretAccessKey>local</SecretAccessKey><SessionToken>local</SessionToken>` +
	`<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)

const caller = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::210987654321:role/amiral</Arn>` +
	`<UserId>u</UserId><Account>210987654321</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

func TestEnvironmentsAreAccountsAndRegions(t *testing.T) {
	local(t)
	w := &wire{handler: script{"AssumeRole": assumed, "GetCallerIdentity": always(caller)}}
	cloud, err := New(t.Context(), []Environment{
		{Name: "dev", Region: "eu-west-1"},
		{Name: "prod", Region: "us-east-1", Role: "arn:aws:iam::210987654321:role/amiral", ExternalID: "fleet"},
	}, Options{HTTPClient: &http.Client{Transport: w}})
	if err != nil {
		t.Fatal(err)
	}
	if len(w.sent) != 0 {
		t.Fatalf("got %v before the first call, want nothing asked of AWS", w.sent)
	}
	for range 2 {
		for _, name := range []string{"dev", "prod"} {
			c, err := cloud.In(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Identity(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	calls := w.of("GetCallerIdentity")
	if got := calls[0].Key + "@" + calls[0].Region; got != "local@eu-west-1" {
		t.Errorf("dev: got %s, want local@eu-west-1", got)
	}
	if got := calls[1].Key + "@" + calls[1].Region; got != "from-role@us-east-1" {
		t.Errorf("prod: got %s, want from-role@us-east-1", got)
	}
	roles := w.of("AssumeRole")
	if len(roles) != 1 {
		t.Fatalf("got the role assumed %d times for two calls, want once", len(roles))
	}
	if form := roles[0].Form; form.Get("ExternalId") != "fleet" ||
		form.Get("RoleArn") != "arn:aws:iam::210987654321:role/amiral" || form.Get("RoleSessionName") != "amiral" {
		t.Errorf("got %v, want the environment's role and external id", form)
	}
}

func TestIdentityTellsAccountAndRegion(t *testing.T) {
	c, _ := client(t, script{"GetCallerIdentity": always(caller)})
	got, err := c.Identity(t.Context())
	want := fleet.Identity{Account: "210987654321", ARN: "arn:aws:iam::210987654321:role/amiral", Region: "eu-west-1"}
	if err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestRoleThatCannotBeAssumedIsNamed(t *testing.T) {
	local(t)
	w := &wire{handler: script{"AssumeRole": func(url.Values) (int, string) {
		return queryError(403, "AccessDenied", "User is not authorized to perform sts:AssumeRole")
	}}}
	cloud, err := New(t.Context(), []Environment{{Name: "prod", Region: "us-east-1", Role: "arn:aws:iam::1:role/x"}},
		Options{HTTPClient: &http.Client{Transport: w}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cloud.In("prod")
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Groups(t.Context())
	wantKind(t, err, fleet.Refused, "sts:AssumeRole")
}

func TestEnvironmentsAreChecked(t *testing.T) {
	local(t)
	_, err := New(t.Context(), []Environment{{Name: ""}, {Name: "dev"}, {Name: "dev", Region: "eu-west-1"}}, Options{})
	if err == nil {
		t.Fatal("got no error, want every problem")
	}
	for _, want := range []string{"has no name", "environment dev has no region", "environment dev is there twice"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to tell %q", err, want)
		}
	}
}

func TestUnknownEnvironmentIsAFault(t *testing.T) {
	local(t)
	cloud, err := New(t.Context(), []Environment{{Name: "prod", Region: "a"}, {Name: "dev", Region: "a"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = cloud.In("staging")
	if f, ok := fault.As(err); !ok || f.Kind != fault.NotFound || f.Hint != "There is: dev, prod." {
		t.Errorf("got %v, want a fault with the names", err)
	}
}

func TestObserverSeesEveryCall(t *testing.T) {
	local(t)
	var mu sync.Mutex
	var seen []string
	observe := func(call string, _ time.Duration, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			call += " " + string(fleet.KindOf(err))
		}
		seen = append(seen, call)
	}
	w := &wire{handler: script{
		"AssumeRole":        assumed,
		"GetCallerIdentity": always(caller),
		"DescribeLaunchTemplates": func(url.Values) (int, string) {
			return ec2Error(400, "InvalidLaunchTemplateId.NotFound", "no")
		},
		"DescribeLaunchTemplateVersions": always(oneVersion),
		"RunInstances":                   func(url.Values) (int, string) { return ec2Error(412, "DryRunOperation", "Would have.") },
	}}
	cloud, err := New(t.Context(), []Environment{{Name: "prod", Region: "us-east-1", Role: "arn:aws:iam::1:role/x"}},
		Options{HTTPClient: &http.Client{Transport: w}, Observe: observe})
	if err != nil {
		t.Fatal(err)
	}
	c, err := cloud.In("prod")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Identity(t.Context())
	_, _ = c.Template(t.Context(), fleet.TemplateRef{ID: "lt-1"})
	if err := c.ProveLaunch(t.Context(), fleet.TemplateRef{ID: "lt-1"}, ""); err != nil {
		t.Error(err)
	}
	want := "sts:AssumeRole, sts:GetCallerIdentity, ec2:DescribeLaunchTemplates absent, " +
		"ec2:DescribeLaunchTemplateVersions, ec2:RunInstances"
	if got := strings.Join(seen, ", "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
