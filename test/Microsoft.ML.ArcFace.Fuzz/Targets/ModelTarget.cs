using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>
/// Our entry of a model's zip: the header, whose checksum is made right after most damages, and the weights, of which the
/// class centres must fit the header. A file here is the length of the header (u32), the header and the weights.
/// </summary>
internal sealed class ModelTarget() : FuzzTarget("model")
{
    private static readonly byte[] Weights = SafetensorsTarget.HandWritten("""{"class_centers":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}""", new byte[16]);

    private const string Threshold = """
        {"curve":{"target_false_match_rate":0.1,"genuine_pair_count":5,"impostor_pair_count":100,"person_count":9,"measured":[{"false_match_rate":0.1,"cosine":0.3,"lower":0.2,"upper":0.4,"false_non_match_rate":0}],"extrapolated":[{"false_match_rate":0.01,"cosine":0.5,"lower":0.4,"upper":0.6,"false_non_match_rate":0.5}]},"gallery_size":1}
        """;

    private const string Graph = """
        {"name":"g","input":"input","input_shape":[-1,3,112,112],"nodes":[{"operator":"GlobalAveragePool","name":"p","inputs":["input"],"outputs":["p"]},{"operator":"Flatten","name":"f","inputs":["p"],"outputs":["f"],"attributes":[{"name":"axis","number":1}]},{"operator":"Gemm","name":"o","inputs":["f","w"],"outputs":["o"],"attributes":[{"name":"transB","number":1}]}],"tensors":[{"name":"w","shape":[2,3]}],"output":"o"}
        """;

    public override IReadOnlyList<byte[]> Seeds { get; } = [Join(Header(names: true), Weights), Join(Header(names: false), Weights), Join(Header(names: false, hasGraph: true), Weights)];

    public override IReadOnlyList<byte[]> Tokens { get; } = Texts("mbf", "r50", "\u0003r18", "\u0003Ada", "Embedding", "\u00ff\u00ff\u0007", "null", "[]", "1e-400", "-1", "\"measured\":[", "graph", "\"nodes\":[", "[-1,3,112,112]", "99999999999", "Conv", "Graph", "channels_last", "\"shape\":[2147483647]");

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("a hundred million people", Join(Header(names: false, people: 100_000_000), Weights)),
        ("a hundred million people, described", Join(Header(names: false, people: 100_000_000), SafetensorsTarget.HandWritten("""{"class_centers":{"dtype":"F32","shape":[100000000,2],"data_offsets":[0,800000000]}}""", []))),
        ("a text of two gigabytes", Join([0xff, 0xff, 0xff, 0xff, 7, .. Header(names: true)], Weights)),
        ("a text of negative length", Join([0xff, 0xff, 0xff, 0xff, 0x0f, .. Header(names: true)], Weights)),
        ("nothing", Join([], [])),
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        byte[] header = Header(names: random.Next(2) == 0, hasGraph: random.Next(2) == 0);
        if (random.Next(4) == 0)
        {
            return Join(header, FileMutator.Mutate(random, Weights, [], Tokens));
        }

        byte[] damaged = FileMutator.Mutate(random, header[..^SHA256.HashSizeInBytes], header, Tokens);
        return Join(random.Next(5) == 0 ? [.. damaged, .. header[^SHA256.HashSizeInBytes..]] : [.. damaged, .. SHA256.HashData(damaged)], Weights);
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        int length = BitConverter.ToInt32(file);
        using var reader = new BinaryReader(new MemoryStream(file, sizeof(int), length));
        FaceEmbeddingTransformer.ModelHeader header = FaceEmbeddingTransformer.ReadHeader(reader);
        Require(header.BatchSize >= 1 && header.EmbeddingSize >= 2 && header.People >= 0 && double.IsFinite(header.Scale), "a header outside of its ranges");
        Require(header.Network is null || header.Network.Nodes.Count is > 0 and <= 3000, "a network without nodes, or with too many");
        Require(header.PersonNames is null || header.PersonNames.Length == header.People, "another number of names than of people");
        Require(header.Threshold is null || (header.Threshold.ForGallerySize(1_000_000).Cosine is >= -1 and <= 1 && header.Threshold.FalseNonMatchRate is >= 0 and <= 1), "a threshold outside of its ranges");
        meter.Next();
        using var weights = new MemoryStream(file, sizeof(int) + length, file.Length - sizeof(int) - length);
        SafetensorsReader tensors = FaceEmbeddingTransformer.OpenWeights(weights, weights.Length, header);
        Require(tensors.DataLength >= 4L * header.People * header.EmbeddingSize && tensors.DataLength <= weights.Length, "less data than class centres");
    }

    private static byte[] Join(byte[] header, byte[] weights) => [.. BitConverter.GetBytes(header.Length), .. header, .. weights];

    private static byte[] Header(bool names, int people = 2, bool hasGraph = false)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write("Image");
        writer.Write("Embedding");
        writer.Write(true);
        writer.Write("PredictedLabel");
        writer.Write(new byte[3]);                         // no scores, cosines, quality
        writer.Write(true);                                // mirror image
        writer.Write(32);                                  // batch size
        writer.Write(0);                                   // precision: float32
        writer.Write(hasGraph ? "graph" : "mbf");
        writer.Write(2);                                   // embedding size
        writer.Write(64.0);                                // scale
        writer.Write(people);
        writer.Write(names);
        foreach (string name in names ? new[] { "Ada", "Bob" } : [])
        {
            writer.Write(name);
        }

        writer.Write(names);
        if (names)
        {
            writer.Write(Threshold);
        }

        writer.Write(names);
        if (names)
        {
            writer.Write("ArcFaceLoss");
            writer.Write(0.5);                             // margin
            writer.Write(64.0);
            Array.ForEach([people, 20, 3, 15], writer.Write);
            writer.Write(false);                           // started from weights
            writer.Write("0.1.0");
            writer.Write(true);                            // a teacher
            writer.Write("teacher.onnx");
            writer.Write(new string('c', 64));
            writer.Write(2.0);                             // its weight
        }

        writer.Write(hasGraph);
        if (hasGraph)
        {
            writer.Write(Graph);
        }

        writer.Write(hasGraph);
        if (hasGraph)
        {
            writer.Write("graph.onnx");
            writer.Write(new string('a', 64));
            writer.Write("""{"color_order":"bgr","mean":[0,0,0],"deviation":[255,255,255]}""");
            writer.Write(0);                               // the caller said it
            writer.Write("as the program said");
        }

        writer.Write(hasGraph);
        if (hasGraph)
        {
            writer.Write(new string('b', 64));             // of the graph that was imported
        }

        writer.Write(new byte[SHA256.HashSizeInBytes]);    // of the weights
        byte[] fields = stream.ToArray();
        return [.. fields, .. SHA256.HashData(fields)];
    }
}
