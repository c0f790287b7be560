using System.IO.Compression;

namespace Microsoft.ML.ArcFace.Tests.TestSupport;

/// <summary>Models whose entries were changed after saving.</summary>
internal static class AlteredZip
{
    /// <summary>Writes a zip anew with changed entries.</summary>
    /// <param name="zip">The zip.</param>
    /// <param name="change">Gives the bytes of an entry by its name and its former bytes.</param>
    public static byte[] Of(byte[] zip, Func<string, byte[], byte[]> change)
    {
        using var result = new MemoryStream();
        using (var source = new ZipArchive(new MemoryStream(zip)))
        using (var target = new ZipArchive(result, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ZipArchiveEntry entry in source.Entries)
            {
                using var bytes = new MemoryStream();
                using (Stream from = entry.Open())
                {
                    from.CopyTo(bytes);
                }

                using Stream to = target.CreateEntry(entry.FullName).Open();
                to.Write(change(entry.FullName, bytes.ToArray()));
            }
        }

        return result.ToArray();
    }

    /// <summary>The same zip with bytes behind it, in its comment, up to a length.</summary>
    public static byte[] Padded(byte[] zip, int length)
    {
        byte[] padded = [.. zip, .. new byte[length - zip.Length]];
        BitConverter.GetBytes((ushort)(length - zip.Length)).CopyTo(padded, zip.Length - sizeof(ushort));
        return padded;
    }

    /// <summary>Exchanges bytes wherever they stand.</summary>
    public static byte[] Replaced(byte[] bytes, byte[] former, byte[] latter)
    {
        byte[] result = [.. bytes];
        for (int at, from = 0; (at = result.AsSpan(from).IndexOf(former)) >= 0; from += at + former.Length)
        {
            latter.CopyTo(result, from + at);
        }

        return result;
    }
}
