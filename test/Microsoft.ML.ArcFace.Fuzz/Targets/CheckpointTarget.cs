using System.IO.Compression;
using System.Numerics;
using Microsoft.ML.ArcFace.Files;
using Microsoft.ML.ArcFace.Tests.TestSupport;
using Microsoft.ML.ArcFace.Weights;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.ArcFace.Fuzz.Targets;

/// <summary>PyTorch checkpoints of either form. In a zip the pickle is damaged and packed anew, with its checksum, or the zip itself.</summary>
internal sealed class CheckpointTarget(bool isZip) : FuzzTarget(isZip ? "pth" : "pth-legacy")
{
    private static readonly TorchFileStorage[] Storages =
    [
        new("0", "FloatStorage", 12, [.. Enumerable.Repeat<byte>(0x3f, 48)]), new("1", "HalfStorage", 4, new byte[8]), new("2", "LongStorage", 2, new byte[16], "torch.cuda", "cuda:0"),
        new("3", "BoolStorage", 3, [0, 1, 0]),
    ];

    private static readonly TorchFileTensor[] Tensors =
    [
        new("conv.weight", "0", 0, [2, 3], [3, 1], IsParameter: true), new("conv.bias", "0", 6, [2, 2], [1, 2]), new("bn.half", "1", 0, [4], [1]), new("bn.count", "2", 1, [], []),
        new("flags", "3", 0, [3], [1]), new("expanded", "1", 2, [5, 2], [0, 1]), new("empty", "0", 12, [0, 7], [7, 1]),
    ];

    private readonly byte[][] _pickles = [.. new string[]?[] { null, ["state_dict"], ["model", "state_dict"] }.Select(nesting => TorchFileWriter.Pickle(Tensors, Storages, nesting, inStream: !isZip))];

    public override long FixedAllowance => 40 << 20;

    public override IReadOnlyList<byte[]> Seeds => [.. _pickles.Select(pickle => File(pickle, Storages))];

    public override IReadOnlyList<byte[]> Tokens => PickleTokens.All;

    public override IEnumerable<(string What, byte[] File)> Attacks =>
    [
        .. PickleTokens.Attacks.Select(attack => (attack.What, File(attack.File, Storages))),
        ("one long name for a quarter of a million values", File(NameBomb(), Storages)),
        .. isZip ? ZipAttacks() : [],
    ];

    public override bool IsRefusal(Exception exception) => exception is WeightsFormatException;

    public override byte[] Mutate(Random random)
    {
        byte[] pickle = _pickles[random.Next(_pickles.Length)];
        byte[] Damaged() => FileMutator.Mutate(random, pickle, _pickles[random.Next(_pickles.Length)], Tokens);
        if (!isZip)
        {
            return random.Next(3) == 0 ? Mutate(random, Seeds) : File(Damaged(), Storages);
        }

        byte[] zip = File(pickle, Storages);
        return random.Next(8) switch
        {
            0 => FileMutator.Mutate(random, zip, zip, []),
            1 => [.. zip[..^400], .. FileMutator.Mutate(random, zip[^400..], [], [])],
            2 => File(pickle, [.. Storages.Select(storage => storage with { Bytes = FileMutator.Mutate(random, storage.Bytes, [], []) })]),
            _ => File(Damaged(), Storages),
        };
    }

    public override void Read(byte[] file, AllocationMeter meter)
    {
        using WeightsFile weights = WeightsFile.Open(new CountedSource(file));
        meter.Next();
        foreach (StoredTensor stored in weights.Tensors)
        {
            StoredElements elements = stored.Elements;
            Require(elements.Position >= 0 && elements.Count >= 0 && elements.Position + (BigInteger)elements.Count * SafetensorsType.SizeOf(elements.Type) <= file.Length, $"the elements of '{stored.Name}' lie beyond the file");
            Require(stored.Shape.Length == stored.Stride.Length && stored.Shape.All(size => size >= 0) && stored.Stride.All(step => step >= 0), $"shape or strides of '{stored.Name}'");
            BigInteger last = stored.Shape.Zip(stored.Stride).Aggregate((BigInteger)stored.Offset, (sum, dimension) => sum + ((BigInteger)dimension.First - 1) * dimension.Second);
            Require(stored.Shape.Contains(0) || (last >= 0 && last < elements.Count), $"'{stored.Name}' reaches beyond its elements");
        }

        WeightsCopies.Copy(weights, file.Length);
    }

    private byte[] File(byte[] pickle, IReadOnlyList<TorchFileStorage> storages) => isZip ? TorchFileWriter.Zip(pickle, storages) : TorchFileWriter.Stream(pickle, storages);

    /// <summary>A dictionary whose keys are all the same text, which a careless reader copies each time.</summary>
    private static byte[] NameBomb() => PickleWriter.Start().Op('}').Text(new string('n', 512)).Raw((byte)'q', 0).Op('N').Op('s')
        .Repeat(8, batch => batch.Op('(').Repeat(30_000, item => item.Op('h').Raw(0).Op('N')).Op('u')).Stop();

    private static IEnumerable<(string What, byte[] File)> ZipAttacks()
    {
        byte[] pickle = TorchFileWriter.Pickle(Tensors, Storages);
        yield return ("compressed entries", TorchFileWriter.Zip(pickle, Storages, CompressionLevel.Optimal));
        yield return ("twenty thousand entries", TorchFileWriter.Zip(pickle, Storages, others: [.. Enumerable.Range(0, 20_000).Select(i => ($"net/{i}", Array.Empty<byte>()))]));

        // A directory in which one entry stands many times, counted by a zip64 record.
        byte[] zip = TorchFileWriter.Zip(pickle, []);
        int end = zip.Length - 22, start = BitConverter.ToInt32(zip, end + 16);
        byte[] entry = zip[start..end];
        const int times = 20_000;
        byte[] directory = [.. Enumerable.Repeat(entry, times).SelectMany(bytes => bytes)];
        long at = start + directory.Length;
        yield return ("one entry many times",
        [
            .. zip[..start], .. directory,
            .. "PK\x06\x06"u8, .. BitConverter.GetBytes(44L), .. new byte[12], .. BitConverter.GetBytes((long)times), .. BitConverter.GetBytes((long)times), .. BitConverter.GetBytes((long)directory.Length), .. BitConverter.GetBytes((long)start),
            .. "PK\x06\x07"u8, 0, 0, 0, 0, .. BitConverter.GetBytes(at), 1, 0, 0, 0, .. zip[end..],
        ]);
    }
}

/// <summary>Copies the tensors of a file as a network would, those that need no more memory than the file.</summary>
internal static class WeightsCopies
{
    public static void Copy(WeightsFile weights, int fileLength)
    {
        using DisposeScope scope = NewDisposeScope();
        using var noGradient = no_grad();
        StoredTensor[] small = [.. weights.Tensors.Where(stored => stored.Shape.Aggregate(BigInteger.One, (product, size) => product * size) <= 4 * (fileLength + 64)).Take(16)];
        weights.CopyInto(small.Select(stored => (stored, zeros(stored.Shape, dtype: stored.Elements.Type == ElementType.Float64 ? ScalarType.Float32 : stored.Elements.Type.ToScalarType()))));
    }
}
