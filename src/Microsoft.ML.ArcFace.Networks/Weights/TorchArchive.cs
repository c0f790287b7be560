using System.Text;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>PyTorch's form since 1.6: a zip with a pickle <c>NAME/data.pkl</c> and an entry <c>NAME/data/KEY</c> for each storage.</summary>
internal static class TorchArchive
{
    private const string PickleName = "data.pkl";
    private const long LongestPickle = 64 << 20;

    /// <summary>The pickle's value, and where the storages lie that it refers to.</summary>
    /// <exception cref="InvalidDataException">The zip is damaged or lies about its entries.</exception>
    /// <exception cref="PickleException">The pickle is damaged or hostile.</exception>
    public static (object? Root, IReadOnlyDictionary<string, StoredElements> Storages) Read(ByteSource source)
    {
        IReadOnlyDictionary<string, ZipEntry> entries = ZipDirectory.Read(source);
        ZipEntry[] pickles = [.. entries.Values.Where(entry => entry.Name == PickleName || entry.Name.EndsWith("/" + PickleName, StringComparison.Ordinal))];
        if (pickles.Length != 1 || pickles[0].Length > LongestPickle)
        {
            throw new InvalidDataException($"the zip has {pickles.Length} entries {PickleName}; a checkpoint has one, of at most {LongestPickle} bytes");
        }

        ZipEntry pickle = pickles[0];
        string prefix = pickle.Name[..^PickleName.Length];
        if (entries.ContainsKey(prefix + "constants.pkl"))
        {
            throw new PickleException($"it is a TorchScript program, not a state dictionary. {TorchCheckpoint.Remedy}");
        }

        if (entries.TryGetValue(prefix + "byteorder", out ZipEntry? order) && TextOf(source, order) != "little")
        {
            throw new PickleException("it was written by a big-endian machine; save it anew on a little-endian one.");
        }

        if (entries.Values.FirstOrDefault(entry => entry.Packing != ZipPacking.Stored) is { } packed)
        {
            throw new InvalidDataException($"the entry '{packed.Name}' is compressed or encrypted; torch stores its entries as they are");
        }

        CheckSum(source, pickle);
        var vocabulary = new TorchVocabulary(source);
        var reader = new ByteReader(source, pickle.Position, pickle.Position + pickle.Length);
        object? root = PickleReader.Read(reader, vocabulary, TorchCheckpoint.MemoryBudget(source));
        return (root, Locate(vocabulary, entries, prefix));
    }

    private static Dictionary<string, StoredElements> Locate(TorchVocabulary vocabulary, IReadOnlyDictionary<string, ZipEntry> entries, string prefix)
    {
        var storages = new Dictionary<string, StoredElements>();
        foreach ((string key, (var type, long count)) in vocabulary.StoragesUsed)
        {
            if (!entries.TryGetValue($"{prefix}data/{key}", out ZipEntry? entry))
            {
                throw new InvalidDataException($"the storage '{key}' is not in the zip");
            }

            if (count > entry.Length / SafetensorsType.SizeOf(type))
            {
                throw new InvalidDataException($"the storage '{key}' claims {count} elements of {SafetensorsType.SizeOf(type)} bytes, but its entry has {entry.Length} bytes");
            }

            storages.Add(key, new StoredElements(entry.Position, count, type, new StoredChecksum(entry.Length, entry.Crc32)));
        }

        return storages;
    }

    private static string TextOf(ByteSource source, ZipEntry entry)
    {
        byte[] bytes = new byte[Math.Min(entry.Length, 16)];
        source.Read(entry.Position, bytes);
        return Encoding.ASCII.GetString(bytes);
    }

    private static void CheckSum(ByteSource source, ZipEntry entry)
    {
        if (new StoredChecksum(entry.Length, entry.Crc32).Of(source, entry.Position) != entry.Crc32)
        {
            throw new InvalidDataException($"the entry '{entry.Name}' does not have its checksum");
        }
    }
}
