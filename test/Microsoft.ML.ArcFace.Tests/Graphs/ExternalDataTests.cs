using Google.Protobuf;
using Microsoft.ML.ArcFace.Graphs;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Tests.Graphs;

/// <summary>Graphs whose tensors lie in files beside them, as exporters write large networks.</summary>
[TestClass]
public class ExternalDataTests
{
    private const string Weights = "recognizer.onnx.data";

    private readonly TemporaryFolder _folder = new();

    [TestCleanup]
    public void Remove() => _folder.Dispose();

    [TestMethod]
    [DataRow(false, DisplayName = "with offset and length")]
    [DataRow(true, DisplayName = "a file for each tensor, by its name alone")]
    public void Open_TensorsBesideTheFile_AreThoseOfOneFile(bool hasFileForEach)
    {
        ModelProto model = Small();
        GraphNetwork whole = GraphNetwork.Parse(model.ToByteArray(), "whole");
        GraphNetwork split = GraphNetwork.Open(Split(model, hasFileForEach));

        CollectionAssert.AreEqual(whole.Network.Nodes.Select(node => node.ToString()).ToArray(), split.Network.Nodes.Select(node => node.ToString()).ToArray());
        Assert.IsNotEmpty(whole.Tensors);
        foreach ((string name, StateTensor tensor) in whole.Tensors)
        {
            CollectionAssert.AreEqual(tensor.ToSingles(), split.Tensors[name].ToSingles(), name);
        }
    }

    [TestMethod]
    public void Open_ConstantBesideTheFile_IsRead()
    {
        float[] numbers = [0.25f, -3, 7];
        var model = new GraphModel();
        string sum = model.Node("Add", [model.Input(1, 3, 8, 8), model.Node("Constant", [])]);
        string output = model.Head(sum, 192);
        ModelProto parsed = ModelProto.Parser.ParseFrom(model.ToBytes(output));
        parsed.Graph.Node[0].Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = Elsewhere("numbers", [3, 1, 1], ("location", Weights), ("offset", "4"), ("length", "12")) });
        _folder.Write(Weights, [.. new byte[4], .. numbers.SelectMany(BitConverter.GetBytes)]);

        GraphNetwork graph = GraphNetwork.Open(_folder.Write("recognizer.onnx", parsed.ToByteArray()));

        Assert.IsTrue(graph.Tensors.Values.Any(tensor => tensor.Count == 3 && tensor.ToSingles().SequenceEqual(numbers)));
    }

    [TestMethod]
    [DataRow("../secret.data"), DataRow("/etc/passwd"), DataRow("folder/secret.data"), DataRow("..\\secret.data"), DataRow("C:secret.data"), DataRow(".."), DataRow("."), DataRow(""), DataRow("a\0b")]
    public void Open_FileOutsideOfTheFolder_IsRefused(string location)
    {
        _folder.Write("secret.data", new byte[64]);
        _folder.Write("inner/folder/secret.data", new byte[64]);
        AssertRefused("read are files of the graph's own folder", "inner/recognizer.onnx", ("location", location));
    }

    [TestMethod]
    public void Open_LinkToAnotherFolder_IsRefused()
    {
        string target = _folder.Write("secret.data", new byte[64]);
        Directory.CreateDirectory(Path.Combine(_folder.FullName, "inner"));
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, "inner", "link.data"), target);
        AssertRefused("which is a link", "inner/recognizer.onnx", ("location", "link.data"));
    }

    [TestMethod]
    public void Open_WhatTheFileDoesNotHave_IsRefusedByTensorAndFile()
    {
        _folder.Write(Weights, new byte[20]);
        AssertRefused("which is not beside the graph", "recognizer.onnx", ("location", "absent.data"));
        AssertRefused("does not name");
        AssertRefused("the file has 20", "recognizer.onnx", ("location", Weights), ("offset", "8"));
        AssertRefused("the file has 20", "recognizer.onnx", ("location", Weights), ("offset", long.MaxValue.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("length", "16"));
        AssertRefused("it says 12", "recognizer.onnx", ("location", Weights), ("length", "12"));
        AssertRefused("a number of 0 and more", "recognizer.onnx", ("location", Weights), ("offset", "-4"));
        AssertRefused("a number of 0 and more", "recognizer.onnx", ("location", Weights), ("length", "99999999999999999999"));
        AssertRefused("location in another file 2 times", "recognizer.onnx", ("location", Weights), ("location", "recognizer.onnx"));
    }

    [TestMethod]
    public void Open_FileLargerThanARecognizer_IsRefusedUnread()
    {
        using (FileStream large = File.Create(Path.Combine(_folder.FullName, "large.data")))
        {
            // A file with a hole: as long as it says, on a few blocks of the disk.
            large.SetLength(GraphNetwork.MostBytes);
        }

        long before = GC.GetTotalAllocatedBytes();
        AssertRefused("which is too large", "recognizer.onnx", ("location", "large.data"));
        Assert.IsLessThan(16L << 20, GC.GetTotalAllocatedBytes() - before);
    }

    [TestMethod]
    public void Open_ManyTensorsOfOneFile_ReadItOnce()
    {
        const int tensors = 400, bytes = 4 << 20;
        _folder.Write(Weights, new byte[bytes]);
        ModelProto model = Small();
        for (int i = 0; i < tensors; i++)
        {
            model.Graph.Initializer.Add(Elsewhere(FormattableString.Invariant($"more.{i}"), [bytes / sizeof(float)], ("location", Weights)));
        }

        string path = _folder.Write("recognizer.onnx", model.ToByteArray());
        long before = GC.GetTotalAllocatedBytes();
        StringAssert.Contains(Assert.ThrowsExactly<WeightsFormatException>(() => GraphNetwork.Open(path)).Message, "MiB of memory");
        Assert.IsLessThan(8L * bytes, GC.GetTotalAllocatedBytes() - before);
    }

    private static ModelProto Small()
    {
        var model = new GraphModel();
        return ModelProto.Parser.ParseFrom(model.ToBytes(model.Head(model.Node("PRelu", [model.Node("Conv", [model.Input(1, 3, 8, 8), model.Random(5, 3, 3, 3)]), model.Random(5, 1, 1)]), 180)));
    }

    private static TensorProto Elsewhere(string name, long[] shape, params (string Key, string Value)[] entries) => new()
    {
        Name = name,
        DataType = (int)TensorProto.Types.DataType.Float,
        Dims = { shape },
        DataLocation = TensorProto.Types.DataLocation.External,
        ExternalData = { entries.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }) },
    };

    /// <summary>Writes a graph and its tensors apart from each other.</summary>
    private string Split(ModelProto model, bool hasFileForEach)
    {
        ModelProto split = model.Clone();
        using var all = new MemoryStream();
        for (int i = 0; i < split.Graph.Initializer.Count; i++)
        {
            TensorProto tensor = split.Graph.Initializer[i];
            byte[] numbers = tensor.RawData.ToByteArray();
            split.Graph.Initializer[i] = hasFileForEach
                ? Elsewhere(tensor.Name, [.. tensor.Dims], ("location", tensor.Name))
                : Elsewhere(tensor.Name, [.. tensor.Dims], ("location", Weights), ("offset", FormattableString.Invariant($"{all.Length}")), ("length", FormattableString.Invariant($"{numbers.Length}")));
            all.Write(numbers);
            if (hasFileForEach)
            {
                _folder.Write(tensor.Name, numbers);
            }
        }

        _folder.Write(Weights, all.ToArray());
        return _folder.Write("recognizer.onnx", split.ToByteArray());
    }

    private void AssertRefused(string named, string file = "recognizer.onnx", params (string Key, string Value)[] entries)
    {
        ModelProto model = Small();
        model.Graph.Initializer.Add(Elsewhere("far", [4], entries));
        model.Graph.Initializer[^1].DataLocation = TensorProto.Types.DataLocation.External;
        string path = _folder.Write(file, model.ToByteArray());
        string message = Assert.ThrowsExactly<WeightsFormatException>(() => GraphNetwork.Open(path)).Message;
        StringAssert.Contains(message, path);
        StringAssert.Contains(message, "'far'");
        StringAssert.Contains(message, named);
    }
}
