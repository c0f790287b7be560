using System.Runtime.InteropServices;
using System.Text;

namespace Microsoft.ML.ArcFace.Data.Folders;

/// <summary>
/// Finds the names of a folder that are not UTF-8. Linux allows any bytes; .NET shows U+FFFD in place of those that it cannot
/// read, and cannot open such a file. Other systems have no such names.
/// </summary>
internal static partial class NamesNotUtf8
{
    /// <summary>The place of the name in struct dirent of 64-bit Linux: behind inode, offset, length and type.</summary>
    private const int NameOffset = 8 + 8 + 2 + 1;

    /// <summary>Tells whether a name may be one of them: .NET shows this character in it.</summary>
    public static bool MayBe(string name) => OperatingSystem.IsLinux() && name.Contains('\uFFFD', StringComparison.Ordinal);

    /// <summary>Gives what .NET shows in place of each, and the name with its bytes as \xE9.</summary>
    public static IEnumerable<(string Shown, string Escaped)> Of(string folder)
    {
        var names = new List<(string, string)>();
        IntPtr stream = Environment.Is64BitProcess ? OpenFolder(folder) : IntPtr.Zero;
        if (stream == IntPtr.Zero)
        {
            return names;
        }

        try
        {
            for (IntPtr entry = ReadFolder(stream); entry != IntPtr.Zero; entry = ReadFolder(stream))
            {
                byte[] name = NameAt(entry + NameOffset);
                if (!System.Text.Unicode.Utf8.IsValid(name))
                {
                    names.Add((Encoding.UTF8.GetString(name), Escape(name)));
                }
            }
        }
        finally
        {
            _ = CloseFolder(stream);
        }

        return names;
    }

    private static byte[] NameAt(IntPtr address)
    {
        int length = 0;
        while (Marshal.ReadByte(address, length) != 0)
        {
            length++;
        }

        byte[] name = new byte[length];
        Marshal.Copy(address, name, 0, length);
        return name;
    }

    private static string Escape(ReadOnlySpan<byte> name)
    {
        var escaped = new StringBuilder();
        while (name.Length > 0)
        {
            bool isProper = Rune.DecodeFromUtf8(name, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            foreach (byte value in isProper ? [] : name[..length])
            {
                escaped.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\x{value:X2}");
            }

            _ = isProper ? escaped.Append(rune.ToString()) : escaped;
            name = name[length..];
        }

        return escaped.ToString();
    }

    [LibraryImport("libc", EntryPoint = "opendir", StringMarshalling = StringMarshalling.Utf8)]
    private static partial IntPtr OpenFolder(string path);

    [LibraryImport("libc", EntryPoint = "readdir")]
    private static partial IntPtr ReadFolder(IntPtr stream);

    [LibraryImport("libc", EntryPoint = "closedir")]
    private static partial int CloseFolder(IntPtr stream);
}
