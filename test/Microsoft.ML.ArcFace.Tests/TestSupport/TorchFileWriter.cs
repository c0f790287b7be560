using System.Buffers.Binary;
using System.IO.Compression;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>A tensor as a checkpoint written by a test describes it; nothing has to be right.</summary>
internal sealed record TorchFileTensor(string Name, string Storage, long Offset, long[] Shape, long[] Stride, bool IsParameter = false);

/// <summary>A storage: its key, torch's name for its type, and its bytes.</summary>
internal sealed record TorchFileStorage(string Key, string Type, long Count, byte[] Bytes, string Module = "torch", string Device = "cpu");

/// <summary>Checkpoints as <c>torch.save</c> writes them, of both forms, with whatever a test wants in them.</summary>
internal static class TorchFileWriter
{
    /// <summary>The pickle of a dictionary of tensors, within the dictionaries that <paramref name="nesting"/> names.</summary>
    public static byte[] Pickle(IReadOnlyList<TorchFileTensor> tensors, IReadOnlyList<TorchFileStorage> storages, string[]? nesting = null, bool inStream = false)
    {
        PickleWriter pickle = PickleWriter.Start();
        foreach (string name in nesting ?? [])
        {
            pickle.Op('}').Op('(').Text("epoch").Long(3).Text(name);
        }

        pickle.Global("collections", "OrderedDict").Op(')').Op('R').Op('(');
        foreach (TorchFileTensor tensor in tensors)
        {
            TorchFileStorage storage = storages.First(candidate => candidate.Key == tensor.Storage);
            pickle.Text(tensor.Name);
            if (tensor.IsParameter)
            {
                pickle.Global("torch._utils", "_rebuild_parameter").Op('(');
            }

            pickle.Global("torch._utils", "_rebuild_tensor_v2").Op('(')
                .Op('(').Text("storage").Global(storage.Module, storage.Type).Text(storage.Key).Text(storage.Device).Long(storage.Count);
            if (inStream)
            {
                pickle.Op('N');
            }

            pickle.Op('t').Op('Q').Long(tensor.Offset).Numbers(tensor.Shape).Numbers(tensor.Stride).Bool(false)
                .Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');
            if (tensor.IsParameter)
            {
                pickle.Bool(true).Global("collections", "OrderedDict").Op(')').Op('R').Op('t').Op('R');
            }
        }

        pickle.Op('u').Op('}').Text("_metadata").Op('}').Op('s').Op('b');
        return pickle.Repeat(nesting?.Length ?? 0, outer => outer.Op('u')).Stop();
    }

    public static byte[] Zip(byte[] pickle, IReadOnlyList<TorchFileStorage> storages, CompressionLevel level = CompressionLevel.NoCompression, params (string Name, byte[] Bytes)[] others)
    {
        var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("net/data.pkl", pickle);
            foreach (TorchFileStorage storage in storages)
            {
                Add("net/data/" + storage.Key, storage.Bytes);
            }

            foreach ((string name, byte[] content) in others)
            {
                Add(name, content);
            }

            void Add(string name, byte[] content)
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

    public static byte[] Stream(byte[] pickle, IReadOnlyList<TorchFileStorage> storages, bool littleEndian = true)
    {
        var bytes = new MemoryStream();
        bytes.Write(PickleWriter.Start().Raw(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).Stop());
        bytes.Write(PickleWriter.Start().Op('M').Raw(0xe9, 0x03).Stop());
        bytes.Write(PickleWriter.Start().Op('}').Text("little_endian").Bool(littleEndian).Op('s').Stop());
        bytes.Write(pickle);
        PickleWriter keys = PickleWriter.Start().Op(']').Op('(');
        foreach (TorchFileStorage storage in storages)
        {
            keys.Text(storage.Key);
        }

        bytes.Write(keys.Op('e').Stop());
        byte[] count = new byte[sizeof(long)];
        foreach (TorchFileStorage storage in storages)
        {
            BinaryPrimitives.WriteInt64LittleEndian(count, storage.Count);
            bytes.Write(count);
            bytes.Write(storage.Bytes);
        }

        return bytes.ToArray();
    }
}
