package awssim_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/amiral-ops/amiral/internal/workspace/awssim"
)

func TestTheNetworkIsShown(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddSubnet(awssim.Subnet{ID: "subnet-0public", Name: "public-b", Zone: "b", CIDR: "10.0.96.0/24", Public: true})
	id := l.fleet.AddSecurityGroup(awssim.SecurityGroup{Name: "web", Rules: []awssim.SecurityRule{
		{From: 443, To: 443, CIDR: "0.0.0.0/0", Note: "the world"}, {From: 22, To: 22, Group: "sg-0def0000000000000"}}})
	l.fleet.AddKeyPair("ops")

	out := must[*ec2.DescribeSubnetsOutput](l)(l.ec2.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{
		Filters: []types.Filter{{Name: aws.String("availability-zone"), Values: []string{"eu-west-1b"}}}}))
	if s := out.Subnets; len(s) != 2 || aws.ToString(s[1].SubnetId) != "subnet-0public" || aws.ToString(s[1].CidrBlock) != "10.0.96.0/24" ||
		!aws.ToBool(s[1].MapPublicIpOnLaunch) || aws.ToString(s[1].AvailabilityZoneId) != "euw1-az2" || aws.ToString(s[1].Tags[0].Value) != "public-b" {
		t.Errorf("got subnets %+v", s)
	}
	rules := must[*ec2.DescribeSecurityGroupRulesOutput](l)(l.ec2.DescribeSecurityGroupRules(l.ctx, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{id}}}})).SecurityGroupRules
	if len(rules) != 3 || aws.ToInt32(rules[0].FromPort) != 443 || aws.ToString(rules[0].Description) != "the world" ||
		aws.ToString(rules[1].ReferencedGroupInfo.GroupId) != "sg-0def0000000000000" || !aws.ToBool(rules[2].IsEgress) {
		t.Errorf("got rules %+v", rules)
	}
	groups := must[*ec2.DescribeSecurityGroupsOutput](l)(l.ec2.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})).SecurityGroups
	if len(groups) != 1 || len(groups[0].IpPermissions) != 2 || aws.ToString(groups[0].IpPermissions[0].IpRanges[0].CidrIp) != "0.0.0.0/0" {
		t.Errorf("got groups %+v", groups)
	}
	keys := must[*ec2.DescribeKeyPairsOutput](l)(l.ec2.DescribeKeyPairs(l.ctx, &ec2.DescribeKeyPairsInput{})).KeyPairs
	if len(keys) != 1 || aws.ToString(keys[0].KeyName) != "ops" {
		t.Errorf("got keys %+v", keys)
	}
	offers := must[*ec2.DescribeInstanceTypeOfferingsOutput](l)(l.ec2.DescribeInstanceTypeOfferings(l.ctx, &ec2.DescribeInstanceTypeOfferingsInput{
		Filters: []types.Filter{{Name: aws.String("instance-type"), Values: []string{"m7i.*"}}}, MaxResults: aws.Int32(5)}))
	if len(offers.InstanceTypeOfferings) != 5 || offers.NextToken == nil {
		t.Errorf("got %d offerings on the first page, want 5 of 8", len(offers.InstanceTypeOfferings))
	}
	_, err := l.ec2.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-0none"}})
	wantCode(t, err, "InvalidSubnetID.NotFound")
	_, err = l.ec2.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"sg-0none"}})
	wantCode(t, err, "InvalidGroup.NotFound")
}

func TestLaunchesNeedWhatTheyName(t *testing.T) {
	l := newLab(t, awssim.Options{VCPULimit: 4})
	l.fleet.AddImage(awssim.Image{ID: oldImage})
	l.fleet.AddTemplate(awssim.Template{Name: "web", Versions: []awssim.TemplateVersion{{Image: oldImage}}})
	l.fleet.AddSubnet(awssim.Subnet{ID: "subnet-0public", Zone: "b"})
	l.fleet.AddSecurityGroup(awssim.SecurityGroup{ID: "sg-0web", Name: "web"})
	l.fleet.AddKeyPair("ops")
	l.fleet.AddProfile("web")
	run := func(change func(*ec2.RunInstancesInput)) error {
		in := &ec2.RunInstancesInput{ImageId: aws.String(oldImage), InstanceType: "t3.micro", MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
			SubnetId: aws.String("subnet-0public"), SecurityGroupIds: []string{"sg-0web"}, KeyName: aws.String("ops"),
			IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("web")}, DryRun: aws.Bool(true)}
		change(in)
		_, err := l.ec2.RunInstances(l.ctx, in)
		return err
	}
	long := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 16_385)))
	wantCode(t, run(func(*ec2.RunInstancesInput) {}), "DryRunOperation")
	wantCode(t, run(func(in *ec2.RunInstancesInput) { in.SubnetId = aws.String("subnet-0none") }), "InvalidSubnetID.NotFound")
	wantCode(t, run(func(in *ec2.RunInstancesInput) { in.SecurityGroupIds = []string{"sg-0none"} }), "InvalidGroup.NotFound")
	wantCode(t, run(func(in *ec2.RunInstancesInput) { in.KeyName = aws.String("none") }), "InvalidKeyPair.NotFound")
	wantCode(t, run(func(in *ec2.RunInstancesInput) { in.IamInstanceProfile.Name = aws.String("none") }), "InvalidParameterValue")
	wantCode(t, run(func(in *ec2.RunInstancesInput) { in.InstanceType = "m9.huge" }), "InvalidParameterValue")
	wantCode(t, run(func(in *ec2.RunInstancesInput) { in.InstanceType = "m7i.2xlarge" }), "VcpuLimitExceeded")
	wantCode(t, run(func(in *ec2.RunInstancesInput) { in.UserData = aws.String(long) }), "InvalidParameterValue")
	_, err := l.scaling.CreateAutoScalingGroup(l.ctx, &autoscaling.CreateAutoScalingGroupInput{AutoScalingGroupName: aws.String("g"),
		MinSize: aws.Int32(0), MaxSize: aws.Int32(0), VPCZoneIdentifier: aws.String("subnet-0none"),
		LaunchTemplate: &scaling.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web")}})
	wantCode(t, err, "ValidationError")
	if err == nil || !strings.Contains(err.Error(), "subnet-0none") {
		t.Errorf("got %v, want an error about the subnet", err)
	}
}

func TestWhoUsesAnImage(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	l.fleet.AddImage(awssim.Image{ID: "ami-0shared"})
	must[*ec2.ModifyImageAttributeOutput](l)(l.ec2.ModifyImageAttribute(l.ctx, &ec2.ModifyImageAttributeInput{ImageId: aws.String("ami-0shared"),
		LaunchPermission: &types.LaunchPermissionModifications{Add: []types.LaunchPermission{{UserId: aws.String("210987654321")}}}}))
	other := l.cloud.Account("210987654321").Region("eu-west-1")
	for range 2 {
		if _, err := other.AddInstance(awssim.Instance{Image: "ami-0shared"}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func() string {
		return aws.ToString(must[*ec2.CreateImageUsageReportOutput](l)(l.ec2.CreateImageUsageReport(l.ctx, &ec2.CreateImageUsageReportInput{
			ImageId: aws.String("ami-0shared"), ClientToken: aws.String("once"), ResourceTypes: []types.ImageUsageResourceTypeRequest{
				{ResourceType: aws.String("ec2:Instance")}, {ResourceType: aws.String("ec2:LaunchTemplate")}}})).ReportId)
	}
	id := ask()
	if again := ask(); again != id {
		t.Errorf("asked twice with one token: got %s and %s", id, again)
	}
	state := func() string {
		return aws.ToString(must[*ec2.DescribeImageUsageReportsOutput](l)(l.ec2.DescribeImageUsageReports(l.ctx, &ec2.DescribeImageUsageReportsInput{ReportIds: []string{id}})).ImageUsageReports[0].State)
	}
	if got := state(); got != "pending" {
		t.Errorf("got %s at once, want pending", got)
	}
	l.clock.push(time.Minute)
	entries := must[*ec2.DescribeImageUsageReportEntriesOutput](l)(l.ec2.DescribeImageUsageReportEntries(l.ctx, &ec2.DescribeImageUsageReportEntriesInput{ReportIds: []string{id}})).ImageUsageReportEntries
	if got := state(); got != "available" || len(entries) != 1 || aws.ToInt64(entries[0].UsageCount) != 2 || aws.ToString(entries[0].AccountId) != "210987654321" {
		t.Errorf("got %s with %+v, want 2 instances of the other account", got, entries)
	}
}

func TestAKeyThatIsRefusedFailsTheCopyLater(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.fleet.AddImage(awssim.Image{ID: oldImage})
	copied := aws.ToString(must[*ec2.CopyImageOutput](l)(l.ec2.CopyImage(l.ctx, &ec2.CopyImageInput{Name: aws.String("copy"), SourceImageId: aws.String(oldImage),
		SourceRegion: aws.String("eu-west-1"), Encrypted: aws.Bool(true), KmsKeyId: aws.String("alias/nobody")})).ImageId)
	l.clock.push(10 * time.Minute)
	img := must[*ec2.DescribeImagesOutput](l)(l.ec2.DescribeImages(l.ctx, &ec2.DescribeImagesInput{ImageIds: []string{copied}})).Images[0]
	if img.State != "failed" || img.StateReason == nil || !strings.Contains(aws.ToString(img.StateReason.Message), "key ID is not accessible") {
		t.Errorf("got %s, %+v, want failed for its key", img.State, img.StateReason)
	}
}

func TestCommandsAreCancelledAndFoundByTime(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(2)
	early := l.send(map[string]any{"InstanceIds": l.ids()}, "true")
	l.clock.push(time.Hour)
	late := l.send(map[string]any{"InstanceIds": l.ids()}, "sleep 600")
	l.clock.push(5 * time.Second)
	l.ssmOK("CancelCommand", map[string]any{"CommandId": late, "InstanceIds": l.ids()[:1]})
	if got := l.invocations(late); got != "Cancelled InProgress" {
		t.Errorf("got %s, want the one that was named to be cancelled", got)
	}
	l.ssmRefused("InvalidCommandId", "CancelCommand", map[string]any{"CommandId": "00000000-0000-4000-8000-000000000000"})
	bound := l.clock.Now().Add(-time.Minute).Format(time.RFC3339)
	found := func(key string) string {
		out := l.ssmOK("ListCommands", map[string]any{"Filters": []any{map[string]any{"key": key, "value": bound}}})
		return out.at("Commands", 0, "CommandId").String()
	}
	if found("InvokedAfter") != late || found("InvokedBefore") != early {
		t.Errorf("got %s after and %s before, want %s and %s", found("InvokedAfter"), found("InvokedBefore"), late, early)
	}
}

func TestInventoryIsCounted(t *testing.T) {
	l := newLab(t, awssim.Options{})
	l.web(3)
	for n, id := range l.ids() {
		version := []string{"1.24.0", "1.24.0", "1.26.2"}[n]
		l.fleet.SetInventory(id, "AWS:Application", []map[string]string{{"Name": "nginx", "Version": version}})
	}
	out := l.ssmOK("GetInventory", map[string]any{"Aggregators": []any{map[string]any{"Expression": "AWS:Application.Name",
		"Aggregators": []any{map[string]any{"Expression": "AWS:Application.Version"}}}}})
	rows := out.at("Entities", 0, "Data", "AWS:Application", "Content")
	if rows.len() != 2 || rows.at(0, "Version").String() != "1.24.0" || rows.at(0, "Count").String() != "2" || rows.at(1, "Count").String() != "1" {
		t.Errorf("got %s", rows)
	}
	l.ssmRefused("InvalidAggregatorException", "GetInventory", map[string]any{"Aggregators": []any{map[string]any{"Expression": "nonsense"}}})
}
