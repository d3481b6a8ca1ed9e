package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	cloudprovider "k8s.io/cloud-provider"
	_ "k8s.io/cloud-provider-aws/pkg/providers/v1" // registers the provider "aws"
	"k8s.io/cloud-provider/controllers/node"
	"k8s.io/component-base/metrics/prometheus/controllers"
	"k8s.io/controller-manager/pkg/clientbuilder"
)

// How often the addresses of initialized nodes are compared with EC2's; five minutes by default.
const addressesEvery = time.Second

// runCloud runs the cloud node controller alone, with AWS's provider. AWS_ENDPOINT_URL says where EC2 is.
//
// VPC, subnet and cluster are set, so that the provider asks nothing about an instance that it would run on.
//
// From: cloud-provider-aws v1.36.2, pkg/providers/v1/aws.go (newAWSCloud2).
func runCloud(arguments []string) int {
	flags := flag.NewFlagSet("cloud", flag.ExitOnError)
	kubeconfig := flags.String("kubeconfig", "", "how to reach kube-apiserver")
	families := flags.String("families", "ipv4", "NodeIPFamilies, with commas")
	zone := flags.String("zone", "us-east-1a", "the availability zone, for its Region")
	vpc := flags.String("vpc", "", "the VPC of the nodes")
	cluster := flags.String("cluster", "", "the cluster's name")
	_ = flags.Parse(arguments)

	config := fmt.Sprintf("[Global]\nZone=%s\nVPC=%s\nSubnetID=subnet-0\nKubernetesClusterID=%s\n", *zone, *vpc, *cluster)
	for family := range strings.SplitSeq(*families, ",") {
		config += fmt.Sprintf("NodeIPFamilies=%s\n", family)
	}
	cloud, err := cloudprovider.GetCloudProvider("aws", strings.NewReader(config))
	if err != nil {
		return fail(err)
	}
	rest, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return fail(err)
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return fail(err)
	}
	ctx := context.Background()
	cloud.Initialize(clientbuilder.SimpleControllerClientBuilder{ClientConfig: rest}, ctx.Done())
	factory := informers.NewSharedInformerFactory(client, 0)
	controller, err := node.NewCloudNodeController(factory.Core().V1().Nodes(), client, cloud, addressesEvery, 4, 1)
	if err != nil {
		return fail(err)
	}
	factory.Start(ctx.Done())
	controller.Run(ctx.Done(), controllers.NewControllerManagerMetrics("node"))
	return 0
}
