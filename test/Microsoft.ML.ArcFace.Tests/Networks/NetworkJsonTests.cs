using Microsoft.ML.ArcFace.Backbones;
using Microsoft.ML.ArcFace.Networks;

namespace Microsoft.ML.ArcFace.Tests.Networks;

[TestClass]
public class NetworkJsonTests
{
    [TestMethod]
    [DataRow(BackboneArchitecture.IResNet200)]
    [DataRow(BackboneArchitecture.MobileFaceNetLarge)]
    public void Read_WhatWriteWrites_IsTheSameNetwork(BackboneArchitecture architecture)
    {
        NetworkDescription network = BackboneDescription.Of(architecture, 128, dropout: 0.4);
        string json = NetworkJson.Write(network);
        NetworkDescription read = NetworkJson.Read(json);
        Assert.AreEqual(json, NetworkJson.Write(read));
        Assert.AreEqual(network.OutputSize, read.OutputSize);
        CollectionAssert.AreEqual(network.ShapeOf(network.Nodes[^2].Output), read.ShapeOf(network.Nodes[^2].Output));
        CollectionAssert.AreEqual(network.Tensors.Select(tensor => tensor.Kind).ToArray(), read.Tensors.Select(tensor => tensor.Kind).ToArray());
        CollectionAssert.AreEqual(network.Nodes.Select(node => node.Stage).ToArray(), read.Nodes.Select(node => node.Stage).ToArray());
        Assert.AreEqual(0.4, read.Nodes.Single(node => node.Operator == Operators.Dropout).Attributes.Real("ratio", 0));
    }

    [TestMethod]
    public void Read_EachCutOfAText_IsRefused()
    {
        string json = Small();
        for (int length = 0; length < json.Length; length++)
        {
            Assert.ThrowsExactly<FormatException>(() => NetworkJson.Read(json[..length]), json[..length]);
        }
    }

    [TestMethod]
    [DataRow("\"name\":\"small\"", "\"name\":null", "name")]
    [DataRow("\"operator\":\"Flatten\"", "\"operator\":\"Hardmax\"", "Hardmax")]
    [DataRow("\"input_shape\":[-1,2,1,1]", "\"input_shape\":[-1,2,99999999999,1]", "missing")]
    [DataRow("\"input_shape\":[-1,2,1,1]", "\"input_shape\":[-1,2,2147483647,2147483647]", "missing")]
    [DataRow("\"shape\":[3,2]", "\"shape\":[3,-1]", "'w'")]
    [DataRow("\"shape\":[3,2]", "\"shape\":[2147483647,2]", "'w'")]
    [DataRow("\"shape\":[3,2]", "\"shape\":[3,5]", "do not fit each other")]
    [DataRow("\"shape\":[3,2]", "\"shape\":[3,2],\"kind\":\"Poison\"", "no JSON")]
    [DataRow("\"number\":1", "\"number\":1,\"real\":1", "several")]
    [DataRow("\"number\":1", "\"real\":\"NaN\"", "several")]
    [DataRow("\"inputs\":[\"flat\",\"w\"]", "\"inputs\":[\"last\",\"w\"]", "'last'")]
    [DataRow("\"inputs\":[\"flat\",\"w\"]", "\"inputs\":[]", "'last'")]
    [DataRow("\"output\":\"last\"", "\"output\":\"none\"", "'none'")]
    [DataRow("\"output\":\"last\"", "\"output\":\"last\",\"program\":1", "no JSON")]
    public void Read_AlteredText_SaysWhat(string before, string after, string message)
    {
        string json = Small();
        Assert.Contains(before, json);
        StringAssert.Contains(Assert.ThrowsExactly<FormatException>(() => NetworkJson.Read(json.Replace(before, after, StringComparison.Ordinal))).Message, message);
    }

    private static string Small()
    {
        NetworkNode flat = new(Operators.Flatten, "flat", ["input"], ["flat"]);
        NetworkNode last = new(Operators.Linear, "last", ["flat", "w"], ["last"]) { Attributes = new NodeAttributes(new Dictionary<string, object> { ["transB"] = 1L }) };
        return NetworkJson.Write(new NetworkDescription("small", "input", [NetworkDescription.Batch, 2, 1, 1], [flat, last], [new NetworkTensor("w", [3, 2], TensorKind.Weight)], "last"));
    }
}
