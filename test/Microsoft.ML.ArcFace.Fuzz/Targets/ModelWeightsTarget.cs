using System.IO.Compression;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Weights;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>A saved model's zip that is read as weights: its directory, its compressed entry, and the safetensors file in that.</summary>
internal sealed class ModelWeightsTarget() : FuzzTarget("model-weights")
{
    private static readonly byte[] Weights = SafetensorsTarget.HandWritten("""{"backbone.a":{"dtype":"F32","shape":[8,8],"data_offsets":[0,256]}}""", [.. Enumerable.Range(0, 256).Select(value => (byte)(value * 37 % 60))]);

    public override IReadOnlyList<byte[]> Seeds { get; } = [Zip(Weights, CompressionLevel.Optimal), Zip(Weights, CompressionLevel.NoCompression)];

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        ("a hundred megabytes of zeros", Zip(new byte[100 << 20], CompressionLevel.SmallestSize)),
        ("an entry that claims four gigabytes", Claiming(uint.MaxValue - 1)),
        ("an entry that claims two gigabytes", Claiming(int.MaxValue)),
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random) => random.Next(3) switch
    {
        0 => Zip(FileMutator.Mutate(random, Weights, [], []), CompressionLevel.Optimal),
        _ => Mutate(random, Seeds),
    };

    public override void Read(byte[] file, AllocationMeter meter)
    {
        meter.Allow((long)ZipEntry.LargestGrowth * file.Length);
        using WeightsFile weights = WeightsFile.Open(new CountedSource(file));
        Require(weights.Tensors.Sum(tensor => tensor.Elements.ByteCount) <= (long)ZipEntry.LargestGrowth * (file.Length + 1), "more weights than the file can hold");
        WeightsCopies.Copy(weights, file.Length);
    }

    private static byte[] Zip(byte[] weights, CompressionLevel level)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in new[] { ("TrainingInfo/Version.txt", "5.0.1"u8.ToArray()), ("TransformerChain/Weights.safetensors", weights) })
            {
                // The same bytes at any time.
                ZipArchiveEntry entry = zip.CreateEntry(name, level);
                entry.LastWriteTime = new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);
                using Stream stream = entry.Open();
                stream.Write(content);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>The directory's last entry with another length of its unpacked bytes.</summary>
    private static byte[] Claiming(uint length)
    {
        byte[] zip = Zip(Weights, CompressionLevel.Optimal);
        int entry = zip.AsSpan().LastIndexOf("PK\u0001\u0002"u8);
        BitConverter.GetBytes(length).CopyTo(zip, entry + 24);
        return zip;
    }
}
