using System.Buffers.Binary;

namespace Microsoft.ML.ArcFace.Fuzz;

/// <summary>Damages files as disks, networks and enemies do; the generator decides how.</summary>
internal static class FileMutator
{
    private const int MostChanges = 8, LongestBlock = 64, LongestExtension = 300;

    // What lengths, counts and offsets are at the limits of their types, and where arithmetic on them wraps.
    private static readonly long[] Extremes =
    [
        0, 1, 2, 3, 4, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, long.MaxValue, long.MinValue, -1, -2,
        0x7fffffff00000000, 0x1fffffff, 0x20000000, 0x40000000, 1L << 61, 1L << 62,
    ];

    /// <summary>One to eight changes of a file.</summary>
    /// <param name="random">Decides them.</param>
    /// <param name="file">What to damage.</param>
    /// <param name="other">Another file of the kind, whose end may take the place of this one's.</param>
    /// <param name="tokens">What means something in the format.</param>
    public static byte[] Mutate(Random random, byte[] file, byte[] other, IReadOnlyList<byte[]> tokens)
    {
        List<byte> bytes = [.. file];
        for (int changes = 1 + random.Next(1 + random.Next(MostChanges)); changes > 0; changes--)
        {
            Change(random, bytes, other, tokens);
        }

        return [.. bytes];
    }

    private static void Change(Random random, List<byte> bytes, byte[] other, IReadOnlyList<byte[]> tokens)
    {
        int at = random.Next(bytes.Count + 1);
        int block = Math.Min(random.Next(1, LongestBlock), bytes.Count - at);
        switch (random.Next(13))
        {
            case 0 when block > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when block > 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, block);
                break;
            case 3:
                bytes.InsertRange(at, Noise(random, random.Next(1, 9)));
                break;
            case 4:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, block));
                break;
            case 5 when random.Next(3) == 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 6 when random.Next(2) == 0:
                bytes.AddRange(random.Next(2) == 0 ? new byte[random.Next(LongestExtension)] : Noise(random, random.Next(LongestExtension)));
                break;
            case 7 when random.Next(2) == 0 && other.Length > 0:
                int from = random.Next(2) == 0 ? Math.Min(at, other.Length) : random.Next(other.Length);
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other[from..]);
                break;
            case 8 when tokens.Count > 0:
                bytes.InsertRange(at, tokens[random.Next(tokens.Count)]);
                break;
            case 9 when tokens.Count > 0:
                byte[] token = tokens[random.Next(tokens.Count)];
                bytes.RemoveRange(at, Math.Min(token.Length, bytes.Count - at));
                bytes.InsertRange(at, token);
                break;
            case 10 when block > 0:
                Overwrite(random, bytes, at, Integer(random, bytes.Count));
                break;
            default:
                Overwrite(random, bytes, at, Near(random, bytes, at));
                break;
        }
    }

    private static byte[] Noise(Random random, int length)
    {
        byte[] noise = new byte[length];
        random.NextBytes(noise);
        return noise;
    }

    private static long Integer(Random random, int fileLength) => random.Next(4) == 0 ? fileLength + random.Next(-9, 10) : Extremes[random.Next(Extremes.Length)];

    /// <summary>The integer that stands there, a little greater or less: off by one.</summary>
    private static long Near(Random random, List<byte> bytes, int at)
    {
        long value = 0;
        for (int i = Math.Min(sizeof(long), bytes.Count - at) - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[at + i];
        }

        return value + random.Next(-4, 5);
    }

    /// <summary>Puts the low bytes of a number there, in either byte order.</summary>
    private static void Overwrite(Random random, List<byte> bytes, int at, long value)
    {
        int width = 1 << random.Next(4);
        byte[] number = new byte[sizeof(long)];
        if (random.Next(4) == 0)
        {
            BinaryPrimitives.WriteInt64BigEndian(number, value);
            number = number[^width..];
        }
        else
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, value);
        }

        for (int i = 0; i < Math.Min(width, bytes.Count - at); i++)
        {
            bytes[at + i] = number[i];
        }
    }
}
