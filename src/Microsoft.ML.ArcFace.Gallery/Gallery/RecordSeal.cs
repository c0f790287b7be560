using System.Security.Cryptography;

namespace Microsoft.ML.ArcFace.Gallery;

/// <summary>
/// Encrypts records by XAES-256-GCM (C2SP): AES-256-GCM under a key that is derived for each record from the gallery's key and
/// the first half of a random nonce of 192 bits. At that length no nonce comes twice, however many records are written and
/// however often a backup is restored, so nothing has to be counted and kept.
/// </summary>
internal sealed class RecordSeal : IDisposable
{
    public const int KeyLength = 32;

    private const int NonceLength = 24, HalfNonceLength = NonceLength / 2, TagLength = 16, BlockLength = 16;

    private readonly Aes _aes;

    // K1 of AES-CMAC: the encrypted zero block, doubled in GF(2¹²⁸).
    private readonly byte[] _subkey;

    public RecordSeal(byte[] key)
    {
        _aes = Aes.Create();
        _aes.Key = key;
        _subkey = Doubled(_aes.EncryptEcb(new byte[BlockLength], PaddingMode.None));
    }

    /// <summary>Nonce, ciphertext and tag.</summary>
    /// <param name="plain">What nobody may read.</param>
    /// <param name="context">What the record belongs to; it only opens with the same.</param>
    public byte[] Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> context) => Seal(plain, context, RandomNumberGenerator.GetBytes(NonceLength));

    internal byte[] Seal(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> context, ReadOnlySpan<byte> nonce)
    {
        byte[] record = new byte[NonceLength + plain.Length + TagLength];
        nonce.CopyTo(record);
        using AesGcm gcm = CipherFor(nonce);
        gcm.Encrypt(nonce[HalfNonceLength..], plain, record.AsSpan(NonceLength, plain.Length), record.AsSpan(NonceLength + plain.Length), context);
        return record;
    }

    /// <summary>What was sealed; null if the key or the context is another one, or the record was changed.</summary>
    public byte[]? Open(ReadOnlySpan<byte> record, ReadOnlySpan<byte> context)
    {
        if (record.Length < NonceLength + TagLength)
        {
            return null;
        }

        ReadOnlySpan<byte> nonce = record[..NonceLength];
        byte[] plain = new byte[record.Length - NonceLength - TagLength];
        using AesGcm gcm = CipherFor(nonce);
        try
        {
            gcm.Decrypt(nonce[HalfNonceLength..], record[NonceLength..^TagLength], record[^TagLength..], plain, context);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_subkey);
        _aes.Dispose();
    }

    /// <summary>NIST SP 800-108's counter mode over AES-CMAC with the label X: two blocks, so two encryptions.</summary>
    private AesGcm CipherFor(ReadOnlySpan<byte> nonce)
    {
        Span<byte> blocks = stackalloc byte[KeyLength], key = stackalloc byte[KeyLength];
        for (int counter = 1; counter <= 2; counter++)
        {
            Span<byte> block = blocks.Slice((counter - 1) * BlockLength, BlockLength);
            (block[0], block[1], block[2], block[3]) = (0, (byte)counter, (byte)'X', 0);
            nonce[..HalfNonceLength].CopyTo(block[4..]);
            for (int i = 0; i < BlockLength; i++)
            {
                block[i] ^= _subkey[i];
            }
        }

        _aes.EncryptEcb(blocks, key, PaddingMode.None);
        var cipher = new AesGcm(key, TagLength);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }

    private static byte[] Doubled(byte[] block)
    {
        byte[] doubled = new byte[BlockLength];
        for (int i = 0; i < BlockLength; i++)
        {
            doubled[i] = (byte)((block[i] << 1) | (i + 1 < BlockLength ? block[i + 1] >> 7 : 0));
        }

        doubled[^1] ^= (byte)((block[0] >> 7) * 0x87);
        return doubled;
    }
}
