using System.Numerics;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// PyTorch's form before 1.6, one stream: pickles of a magic number, a version, the machine, the object and the keys of
/// its storages; then, in the order of the keys, each storage's count (u64) and elements.
/// </summary>
internal static class TorchStream
{
    private const long Version = 1001;
    private static readonly BigInteger Magic = new([0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);

    /// <summary>The object, and where its storages lie.</summary>
    /// <exception cref="InvalidDataException">The stream is damaged.</exception>
    /// <exception cref="PickleException">A pickle is damaged or hostile.</exception>
    public static (object? Root, IReadOnlyDictionary<string, StoredElements> Storages) Read(ByteSource source)
    {
        var reader = new ByteReader(source, 0, source.Length);
        var vocabulary = new TorchVocabulary(source);
        if (Next() is not BigInteger magic || magic != Magic || Next() is not Version)
        {
            throw new PickleException($"it is a pickle, but not one of torch.save. {TorchCheckpoint.Remedy}");
        }

        if (Next() is not PickleDictionary machine || machine.Items.Exists(item => item is { Key: PickleText text, Value: false } && text.Read(source) == "little_endian"))
        {
            throw new PickleException("it was written by a big-endian machine; save it anew on a little-endian one.");
        }

        object? root = Next();
        if (Next() is not PickleList keys)
        {
            throw new PickleException("the list of its storages is missing");
        }

        return (root, Locate(reader, keys, vocabulary));

        object? Next() => PickleReader.Read(reader, vocabulary, TorchCheckpoint.MemoryBudget(source));
    }

    private static Dictionary<string, StoredElements> Locate(ByteReader reader, PickleList keys, TorchVocabulary vocabulary)
    {
        var storages = new Dictionary<string, StoredElements>();
        foreach (object? item in keys.Items)
        {
            // The type, and with it the length, is known from the tensors alone.
            if (item is not PickleText text || !vocabulary.StoragesUsed.TryGetValue(text.Read(reader.Source, TorchCheckpoint.LongestName), out var use))
            {
                throw new InvalidDataException("its list of storages names one that no tensor has");
            }

            string key = text.Read(reader.Source, TorchCheckpoint.LongestName);
            long count = reader.ReadInt64();
            if (count != use.Count || count > reader.Remaining / SafetensorsType.SizeOf(use.Type))
            {
                throw new InvalidDataException($"the storage '{key}' has {count} elements where {use.Count} are due, or the file ends within it");
            }

            var elements = new StoredElements(reader.Position, count, use.Type);
            reader.Skip(elements.ByteCount);
            if (!storages.TryAdd(key, elements))
            {
                throw new InvalidDataException($"the storage '{key}' is there twice");
            }
        }

        return storages;
    }
}
