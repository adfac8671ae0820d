package cloud

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/amiral-ops/amiral/internal/fleet"
)

// groupsAnswer is an answer of DescribeAutoScalingGroups with these members.
func groupsAnswer(token string, members ...string) string {
	return `<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups>` +
		strings.Join(members, "") + `</AutoScalingGroups><NextToken>` + token +
		`</NextToken></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>`
}

const plainGroup = `<member><AutoScalingGroupName>web</AutoScalingGroupName><AutoScalingGroupARN>arn:web</AutoScalingGroupARN>
<MinSize>1</MinSize><MaxSize>12</MaxSize><DesiredCapacity>4</DesiredCapacity>
<LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><LaunchTemplateName>web</LaunchTemplateName><Version>7</Version></LaunchTemplate>
<Instances><member><InstanceId>i-1</InstanceId><InstanceType>m5.large</InstanceType><AvailabilityZone>eu-west-1a</AvailabilityZone>
<LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus><ProtectedFromScaleIn>true</ProtectedFromScaleIn>
<LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><LaunchTemplateName>web</LaunchTemplateName><Version>6</Version></LaunchTemplate>
</member></Instances>
<SuspendedProcesses><member><ProcessName>AZRebalance</ProcessName></member></SuspendedProcesses>
<Tags><member><Key>env</Key><Value>dev</Value></member></Tags>
<TargetGroupARNs><member>arn:tg</member></TargetGroupARNs><VPCZoneIdentifier>subnet-a,subnet-b</VPCZoneIdentifier>
<HealthCheckType>ELB</HealthCheckType><HealthCheckGracePeriod>300</HealthCheckGracePeriod>
<DefaultInstanceWarmup>0</DefaultInstanceWarmup><TerminationPolicies><member>OldestInstance</member></TerminationPolicies>
<InstanceMaintenancePolicy><MinHealthyPercentage>90</MinHealthyPercentage><MaxHealthyPercentage>-1</MaxHealthyPercentage></InstanceMaintenancePolicy>
<Operator><Managed>true</Managed><Principal>batch.amazonaws.com</Principal></Operator></member>`

func TestGroupComesOutWhole(t *testing.T) {
	c, _ := client(t, script{"DescribeAutoScalingGroups": always(groupsAnswer("", plainGroup))})
	got, err := c.Group(t.Context(), "web")
	if err != nil {
		t.Fatal(err)
	}
	ninety, warmup := 90, time.Duration(0)
	want := fleet.Group{
		Name: "web", ARN: "arn:web", Min: 1, Max: 12, Desired: 4,
		Template: fleet.TemplateRef{ID: "lt-1", Name: "web", Version: "7"},
		Instances: []fleet.Member{{
			ID: "i-1", Type: "m5.large", Zone: "eu-west-1a", Lifecycle: "InService", Health: "Healthy", Protected: true,
			Template: fleet.TemplateRef{ID: "lt-1", Name: "web", Version: "6"},
		}},
		Suspended: []string{"AZRebalance"}, Tags: map[string]string{"env": "dev"}, TargetGroups: []string{"arn:tg"},
		Subnets: []string{"subnet-a", "subnet-b"}, HealthCheck: "ELB", Grace: 5 * time.Minute,
		Warmup: &warmup, MinHealthy: &ninety, Operator: "batch.amazonaws.com", Policies: []string{"OldestInstance"},
	}
	if got, want := printed(t, got), printed(t, want); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestGroupThatIsNotThere(t *testing.T) {
	c, _ := client(t, script{"DescribeAutoScalingGroups": always(groupsAnswer(""))})
	_, err := c.Group(t.Context(), "web")
	wantKind(t, err, fleet.Absent, "autoscaling:DescribeAutoScalingGroups")
	_, err = c.StartRefresh(t.Context(), fleet.RefreshOrder{Group: "web", Template: fleet.TemplateRef{ID: "lt-1", Version: "8"}})
	wantKind(t, err, fleet.Absent, "autoscaling:DescribeAutoScalingGroups")
}

func TestGroupsArePagedAtTheMaximum(t *testing.T) {
	c, w := client(t, script{"DescribeAutoScalingGroups": func(form url.Values) (int, string) {
		name := func(n string) string {
			return `<member><AutoScalingGroupName>` + n + `</AutoScalingGroupName></member>`
		}
		switch form.Get("NextToken") {
		case "":
			return 200, groupsAnswer("two", name("a"), name("b"))
		case "two":
			return 200, groupsAnswer("three") // AWS may return an empty page with a token
		}
		return 200, groupsAnswer("", name("c"))
	}})
	groups, err := c.Groups(t.Context())
	if err != nil || len(groups) != 3 || groups[2].Name != "c" {
		t.Errorf("got %v, %v, want a, b and c", groups, err)
	}
	for _, s := range w.of("DescribeAutoScalingGroups") {
		if s.Form.Get("MaxRecords") != "100" {
			t.Errorf("got pages of %q, want 100", s.Form.Get("MaxRecords"))
		}
	}
}

func TestImagesAreAskedInChunks(t *testing.T) {
	c, w := client(t, script{"DescribeImages": func(form url.Values) (int, string) {
		items := ""
		for key, value := range form {
			if strings.HasPrefix(key, "Filter.1.Value.") && value[0] != "ami-7" {
				items += `<item><imageId>` + value[0] + `</imageId><imageState>available</imageState></item>`
			}
		}
		return 200, `<DescribeImagesResponse><imagesSet>` + items + `</imagesSet></DescribeImagesResponse>`
	}})
	var ids []fleet.ImageID
	for n := range 450 {
		ids = append(ids, fleet.ImageID(fmt.Sprintf("ami-%d", n)))
	}
	images, err := c.Images(t.Context(), ids...)
	if err != nil || len(images) != 449 {
		t.Errorf("got %d images, %v, want all but the one that is gone", len(images), err)
	}
	calls := w.of("DescribeImages")
	if len(calls) != 3 {
		t.Errorf("got %d calls, want 3 of at most 200 ids", len(calls))
	}
	for _, s := range calls {
		if s.Form.Get("IncludeDeprecated") != "true" || s.Form.Get("IncludeDisabled") != "true" {
			t.Errorf("got %v, want deprecated and disabled images included", s.Form)
		}
	}
	_, err = c.Image(t.Context(), "ami-7")
	wantKind(t, err, fleet.Absent, "ec2:DescribeImages")
}

func TestOwnImagesAreNewestFirst(t *testing.T) {
	c, w := client(t, script{"DescribeImages": func(form url.Values) (int, string) {
		page := map[string]string{
			"": `<imagesSet><item><imageId>ami-old</imageId><creationDate>2026-01-01T00:00:00.000Z</creationDate></item>
				<item><imageId>ami-new</imageId><creationDate>2026-03-01T00:00:00.000Z</creationDate>
				<deprecationTime>2028-03-01T00:00:00.000Z</deprecationTime><imageState>failed</imageState>
				<stateReason><message>Server.InternalError</message></stateReason><blockDeviceMapping>
				<item><deviceName>/dev/sda1</deviceName><ebs><snapshotId>snap-1</snapshotId></ebs></item>
				<item><deviceName>/dev/sdb</deviceName><virtualName>ephemeral0</virtualName></item></blockDeviceMapping></item>
				</imagesSet><nextToken>two</nextToken>`,
			"two": `<imagesSet><item><imageId>ami-mid</imageId><creationDate>2026-02-01T00:00:00.000Z</creationDate></item></imagesSet>`,
		}[form.Get("NextToken")]
		return 200, `<DescribeImagesResponse>` + page + `</DescribeImagesResponse>`
	}})
	images, err := c.OwnImages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, i := range images {
		order = append(order, string(i.ID))
	}
	if want := []string{"ami-new", "ami-mid", "ami-old"}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
	if i := images[0]; i.Volumes != 1 || i.State != "failed" || i.StateReason != "Server.InternalError" || i.Deprecated.Year() != 2028 {
		t.Errorf("got %+v, want one volume, failed, and deprecated in 2028", i)
	}
	if owner := w.of("DescribeImages")[0].Form.Get("Owner.1"); owner != "self" {
		t.Errorf("got owner %q, want self", owner)
	}
}

func TestNoIDsAskNothing(t *testing.T) {
	c, w := client(t, script{})
	instances, err := c.Instances(t.Context())
	if err != nil || len(instances) != 0 {
		t.Errorf("got %v, %v, want nothing", instances, err)
	}
	if alarms, err := c.Alarms(t.Context()); err != nil || len(alarms) != 0 {
		t.Errorf("got %v, %v, want nothing", alarms, err)
	}
	if images, err := c.Images(t.Context()); err != nil || len(images) != 0 {
		t.Errorf("got %v, %v, want nothing", images, err)
	}
	if len(w.sent) != 0 {
		t.Errorf("got %v, want nothing asked, since no id would mean all", w.sent)
	}
}

func TestActivitiesAreBounded(t *testing.T) {
	c, w := client(t, script{"DescribeScalingActivities": always(`<DescribeScalingActivitiesResponse>
		<DescribeScalingActivitiesResult><Activities><member><ActivityId>a-1</ActivityId><StatusCode>Failed</StatusCode>
		<Description>Launching a new EC2 instance</Description><StatusMessage>no such image</StatusMessage>
		<Cause>because</Cause><StartTime>2026-03-04T05:06:07Z</StartTime></member></Activities><NextToken>more</NextToken>
		</DescribeScalingActivitiesResult></DescribeScalingActivitiesResponse>`)})
	since := time.Date(2026, 3, 4, 6, 0, 0, 0, time.FixedZone("", 3600))
	activities, err := c.Activities(t.Context(), "web", since)
	if err != nil || len(activities) != activitiesPages {
		t.Fatalf("got %d activities, %v, want %d pages and no more", len(activities), err, activitiesPages)
	}
	if a := activities[0]; a.Status != "Failed" || a.Message != "no such image" || a.Started.IsZero() {
		t.Errorf("got %+v, want AWS's own words", a)
	}
	form := w.of("DescribeScalingActivities")[0].Form
	if name, value := form.Get("Filters.member.1.Name"), form.Get("Filters.member.1.Values.member.1"); name != "StartTimeLowerBound" || value != "2026-03-04T05:00:00Z" {
		t.Errorf("got filter %s=%s, want StartTimeLowerBound in UTC", name, value)
	}
}
