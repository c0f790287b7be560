using System.Text;
using Microsoft.ML.ArcFace.Files;

namespace Microsoft.ML.ArcFace.Weights;

/// <summary>
/// State dictionaries that PyTorch saved, of either form. Only the pickles are read here; they are interpreted, never
/// run.
/// </summary>
internal static class TorchCheckpoint
{
    /// <summary>What to tell who has a file with more in it than weights.</summary>
    public const string Remedy = "Save the weights alone: torch.save(model.state_dict(), path).";

    /// <summary>Longest key of a dictionary and name of a tensor, in bytes.</summary>
    public const int LongestName = 512;

    private const long SmallestMemoryBudget = 16 << 20;
    private const int DeepestNesting = 4;
    private const int LongestSearch = 1 << 19;
    private const byte ProtocolOpcode = 0x80;

    /// <summary>Where training programs keep the network's state in a checkpoint; arcface_torch: state_dict_backbone.</summary>
    private static readonly string[] StateNames = ["state_dict", "model", "model_state_dict", "state_dict_backbone", "backbone", "network", "net"];

    /// <summary>Whether the bytes begin like a checkpoint of either form.</summary>
    public static bool IsCheckpoint(ByteSource source)
    {
        Span<byte> first = stackalloc byte[1];
        first.Clear();
        source.Read(0, first[..(int)Math.Min(1, source.Length)]);
        return first[0] == ProtocolOpcode || ZipDirectory.IsZip(source);
    }

    /// <summary>The tensors of the state dictionary, under the names it has in the file.</summary>
    /// <exception cref="WeightsFormatException">The file is damaged, hostile, or holds no state dictionary.</exception>
    public static IReadOnlyList<StoredTensor> Read(ByteSource source)
    {
        try
        {
            (object? root, IReadOnlyDictionary<string, StoredElements> storages) = ZipDirectory.IsZip(source) ? TorchArchive.Read(source) : TorchStream.Read(source);
            return [.. StateOf(source, root).Select(entry => Locate(entry.Name, entry.Tensor, storages))];
        }
        catch (PickleException error)
        {
            throw new WeightsFormatException($"The PyTorch checkpoint cannot be read: {WithRemedyFor(source, error.Message).TrimEnd('.')}.", error);
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException)
        {
            throw new WeightsFormatException($"The PyTorch checkpoint cannot be read: {error.Message}. The file is damaged, or not from torch.save.", error);
        }
    }

    /// <summary>Bytes that the values of a file's pickle may take; a state dictionary needs a fraction of it.</summary>
    public static long MemoryBudget(ByteSource source) => SmallestMemoryBudget + (2 * source.Length);

    /// <summary>Adds, where a training program saved more than weights, how to save the state that is in it.</summary>
    private static string WithRemedyFor(ByteSource source, string message)
    {
        if (!message.EndsWith(Remedy, StringComparison.Ordinal))
        {
            return message;
        }

        byte[] start = new byte[Math.Min(source.Length, LongestSearch)];
        source.Read(0, start);
        string? key = Array.Find(StateNames, name => start.AsSpan().IndexOf((byte[])[(byte)'X', (byte)name.Length, 0, 0, 0, .. Encoding.ASCII.GetBytes(name)]) >= 0);
        return key is null ? message : $"{message[..^Remedy.Length]}Save the weights alone: torch.save(torch.load('checkpoint.pt', weights_only=False)['{key}'], 'weights.pth').";
    }

    private static StoredTensor Locate(string name, TorchTensor tensor, IReadOnlyDictionary<string, StoredElements> storages)
    {
        TorchStorage storage = tensor.Storage;
        if (!storages.TryGetValue(storage.Key, out StoredElements? elements))
        {
            throw new InvalidDataException($"the storage '{storage.Key}' of the tensor '{name}' is not in the file");
        }

        bool isView = storage.First >= 0 && storage.ViewCount >= 0 && storage.First <= elements.Count && storage.ViewCount <= elements.Count - storage.First;
        if (!isView || tensor.Offset > storage.ViewCount)
        {
            throw new InvalidDataException(
                $"the tensor '{name}' starts at {tensor.Offset} of the {storage.ViewCount} elements from {storage.First} on in a storage of {elements.Count}");
        }

        // Checked against the end of its view, then read from the storage that others share.
        StoredElements upToEndOfView = elements with { Count = storage.First + storage.ViewCount };
        return StoredTensor.Create(name, upToEndOfView, tensor.Offset < 0 ? tensor.Offset : storage.First + tensor.Offset, tensor.Shape, tensor.Stride)
            with { Elements = elements };
    }

    /// <summary>
    /// The tensors of the dictionary within it that bears a known name, else of the dictionary itself, which beside a
    /// network's state may hold tensors of its own, such as the loss.
    /// </summary>
    private static List<(string Name, TorchTensor Tensor)> StateOf(ByteSource source, object? root)
    {
        // A text that many items recall from the memo is read once.
        var texts = new Dictionary<PickleText, string>();
        List<(string Name, TorchTensor Tensor)> found = [];
        string[] keys = [];
        object? value = root;
        for (int depth = 0; depth < DeepestNesting && value is PickleDictionary dictionary; depth++)
        {
            List<(string Name, object? Value)> named =
                [.. dictionary.Items.Where(item => item.Key is PickleText).Select(item => (TextOf((PickleText)item.Key!), item.Value))];
            List<(string Name, TorchTensor Tensor)> tensors = [.. named.Where(item => item.Value is TorchTensor).Select(item => (item.Name, (TorchTensor)item.Value!))];
            found = tensors.Count > 0 ? tensors : found;
            keys = [.. named.Take(8).Select(item => $"'{item.Name}'")];
            value = StateNames.SelectMany(name => named.Where(item => item.Name == name && item.Value is PickleDictionary)).FirstOrDefault().Value;
        }

        if (found.Count > 0)
        {
            return found;
        }

        throw new PickleException(root is PickleDictionary && value is null
            ? $"it holds no tensors; its keys are {string.Join(", ", keys)}. Looked for are tensors, or a dictionary of them under {string.Join(", ", StateNames)}."
            : $"it holds no dictionary of tensors. {Remedy}");

        string TextOf(PickleText text)
        {
            if (!texts.TryGetValue(text, out string? read))
            {
                texts.Add(text, read = text.Read(source, LongestName));
            }

            return read;
        }
    }
}
